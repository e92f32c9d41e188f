"""Checkpoints: what is written is what is loaded, and nothing damaged or foreign is."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from molgen.checkpoint import export, load_checkpoint
from molgen.checkpoint.export import CardTexts, export_checkpoint
from molgen.checkpoint.load import Checkpoint
from molgen.core import MolBatch, NoiseLevels
from molgen.core.errors import CheckpointError, InputError

TEXTS = CardTexts(
    "tiny",
    "random weights",
    {"class_path": "molgen.sampling.DDIMSampler", "init_args": {"steps": 3}},
    "",
    {"data": "none"},
    [],
)


class Intruder:
    """Pickles to a call that leaves a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.mark,)


def outputs(checkpoint: Checkpoint) -> MolBatch:
    """What a checkpoint's denoiser says of one fixed noisy batch."""
    generator = torch.Generator().manual_seed(1)
    batch = checkpoint.noise.prior(checkpoint.noise.template(torch.tensor([3, 9])), generator)
    with torch.no_grad():
        return checkpoint.denoiser(batch, NoiseLevels.uniform(torch.tensor([0.3, 0.8]), batch))


def edit_card(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the JSON of a card in place."""
    content = json.loads((folder / "card.json").read_text())
    change(content)
    (folder / "card.json").write_text(json.dumps(content))


def assert_same_outputs(one: Checkpoint, other: Checkpoint) -> None:
    """Bitwise, field by field."""
    expected = dict(outputs(one).items())
    found = dict(outputs(other).items())
    assert expected.keys() == found.keys() and expected
    for name, value in expected.items():
        assert torch.equal(value, found[name]), name


def test_export_and_load_give_identical_outputs(training_checkpoint: Path, tiny_checkpoint: Path) -> None:
    trained, exported = load_checkpoint(training_checkpoint), load_checkpoint(tiny_checkpoint)
    assert_same_outputs(trained, exported)
    assert exported.statistics.sizes.counts == trained.statistics.sizes.counts == {3: 1, 5: 4, 9: 5}
    assert exported.vocab == trained.vocab
    assert list(exported.card.files) == ["model.safetensors"]
    assert not exported.denoiser.training


def test_sharded_weights_are_the_same_weights(
    training_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MAX_FILE_BYTES", 2**16 + 1024)
    card = export_checkpoint(training_checkpoint, tmp_path / "shards", TEXTS)
    assert len(card.files) > 1
    assert {p.name for p in (tmp_path / "shards").iterdir()} == {*card.files, "card.json", "statistics.json"}
    assert_same_outputs(load_checkpoint(training_checkpoint), load_checkpoint(tmp_path / "shards"))


def test_a_tensor_above_the_file_limit_is_refused(
    training_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MAX_FILE_BYTES", 16)
    with pytest.raises(InputError, match="weight files are limited to 16"):
        export_checkpoint(training_checkpoint, tmp_path / "none", TEXTS)
    assert not (tmp_path / "none").exists()


def test_tampered_weights(tiny_checkpoint: Path) -> None:
    weights = tiny_checkpoint / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(CheckpointError, match="SHA-256 differs"):
        load_checkpoint(tiny_checkpoint)


def test_truncated_weights(tiny_checkpoint: Path) -> None:
    weights = tiny_checkpoint / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="cannot read the weights"):
        load_checkpoint(tiny_checkpoint)


def test_missing_weights(tiny_checkpoint: Path) -> None:
    (tiny_checkpoint / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="cannot read the weights"):
        load_checkpoint(tiny_checkpoint)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda card: card.update(surprise=1), "its keys must be"),
        (lambda card: card.pop("model"), "its keys must be"),
        (lambda card: card.update(format_version=99), "format version 99; this molgen reads 2"),
        (lambda card: card["model"].pop("noise"), r"lacks \['noise'\]"),
        (lambda card: card["model"]["denoiser"].update(class_path="os.system"), "outside molgen"),
        (lambda card: card["model"]["denoiser"].update(class_path="torch.nn.Linear"), "outside molgen"),
        (lambda card: card["model"]["vocab"]["init_args"].update(colour=1), "does not fit this molgen"),
        (lambda card: card.update(files={"../model.safetensors": "0"}), "outside its folder"),
        (lambda card: card.update(files={}), "do not fit its configuration"),
    ],
)
def test_a_card_that_lies(
    change: Callable[[dict[str, Any]], object], message: str, tiny_checkpoint: Path
) -> None:
    edit_card(tiny_checkpoint, change)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(tiny_checkpoint)


def test_a_card_that_is_not_json(tiny_checkpoint: Path) -> None:
    (tiny_checkpoint / "card.json").write_text("{")
    with pytest.raises(CheckpointError, match="cannot read the model card"):
        load_checkpoint(tiny_checkpoint)


@pytest.mark.parametrize("name", ["nope", "nope.ckpt", "."])
def test_no_such_checkpoint(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match=r"no checkpoint .* give one of"):
        load_checkpoint(name)


def test_a_training_checkpoint_of_something_else(tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / "other.ckpt")
    with pytest.raises(CheckpointError, match="was not written by this version of molgen fit"):
        load_checkpoint(tmp_path / "other.ckpt")


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_a_pickle_that_runs_code_is_refused(writer: str, tmp_path: Path) -> None:
    mark, path = tmp_path / "was_here", tmp_path / "evil.ckpt"
    content = {"state_dict": Intruder(mark)}
    if writer == "torch":
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content))
    with pytest.raises(CheckpointError, match="cannot read the checkpoint"):
        load_checkpoint(path)
    assert not mark.exists()
