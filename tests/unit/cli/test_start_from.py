"""``StartFrom``: a run begins with a checkpoint's weights, or says why it cannot."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch

from molgen.checkpoint.load import load_checkpoint
from molgen.cli.start_from import StartFrom
from molgen.core import Vocab
from molgen.core.errors import CheckpointError, ConfigError
from molgen.denoisers import EGNN, EpsilonDenoiser
from molgen.training import DiffusionModule


def module(vocab: Vocab, checkpoint: Path, width: int) -> DiffusionModule:
    noise = load_checkpoint(checkpoint).noise
    return DiffusionModule(
        vocab, lambda _: noise, lambda n: EpsilonDenoiser(n, lambda dims: EGNN(dims, width=width, layers=1))
    )


def test_weights_are_those_of_the_checkpoint(vocab: Vocab, tiny_checkpoint: Path) -> None:
    fresh = module(vocab, tiny_checkpoint, width=8)
    before = copy.deepcopy(fresh.denoiser.state_dict())
    StartFrom(str(tiny_checkpoint)).setup(pl.Trainer(logger=False), fresh, "fit")
    stored = load_checkpoint(tiny_checkpoint).denoiser.state_dict()
    loaded = fresh.denoiser.state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in stored.items())
    assert any(not torch.equal(loaded[key], value) for key, value in before.items())


def test_other_stages_keep_their_weights(vocab: Vocab, tiny_checkpoint: Path) -> None:
    fresh = module(vocab, tiny_checkpoint, width=8)
    before = copy.deepcopy(fresh.denoiser.state_dict())
    StartFrom(str(tiny_checkpoint)).setup(pl.Trainer(logger=False), fresh, "validate")
    assert all(torch.equal(fresh.denoiser.state_dict()[key], value) for key, value in before.items())


@pytest.mark.parametrize(
    ("width", "elements"), [(16, ["H", "C", "N", "O", "F"]), (8, ["C", "H", "N", "O", "F"])]
)
def test_weights_that_do_not_fit_are_refused(tiny_checkpoint: Path, width: int, elements: list[str]) -> None:
    other = module(Vocab(elements), tiny_checkpoint, width)
    with pytest.raises(ConfigError, match=r"fit this run|but this run"):
        StartFrom(str(tiny_checkpoint)).setup(pl.Trainer(logger=False), other, "fit")


def test_a_missing_checkpoint_is_named(vocab: Vocab, tiny_checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nowhere"):
        StartFrom(str(tmp_path / "nowhere")).setup(
            pl.Trainer(logger=False), module(vocab, tiny_checkpoint, 8), "fit"
        )


def test_new_modules_keep_their_first_weights(vocab: Vocab, tiny_checkpoint: Path) -> None:
    """Only what is named may be missing from the checkpoint, and only it is left as it was."""
    fresh = module(vocab, tiny_checkpoint, width=8)
    fresh.denoiser.add_module("ear", torch.nn.Linear(2, 2))
    before = copy.deepcopy(fresh.denoiser.state_dict())
    trainer = pl.Trainer(logger=False)
    with pytest.raises(ConfigError, match=r"ear\.weight"):
        StartFrom(str(tiny_checkpoint)).setup(trainer, fresh, "fit")
    StartFrom(str(tiny_checkpoint), new=["ear"]).setup(trainer, fresh, "fit")
    stored, loaded = load_checkpoint(tiny_checkpoint).denoiser.state_dict(), fresh.denoiser.state_dict()
    assert set(loaded) - set(stored) == {"ear.weight", "ear.bias"}
    for name, weight in loaded.items():
        assert torch.equal(weight, stored.get(name, before[name]))
