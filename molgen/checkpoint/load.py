"""Find a checkpoint by name or path and load it: safetensors with a card, or a training checkpoint."""

from __future__ import annotations

import importlib.resources
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from molgen.checkpoint.build import MODEL_PARTS, build_model
from molgen.checkpoint.card import CARD_FILE, ModelCard
from molgen.core.contracts import Denoiser
from molgen.core.errors import CheckpointError
from molgen.core.vocab import Vocab
from molgen.data.size_prior import SizePrior
from molgen.data.store import sha256
from molgen.noise.joint import JointNoise

CONFIG_KEY = "molgen_config"
"""Key of the resolved configuration (YAML text) in a training checkpoint."""
SIZES_KEY = "molgen_size_histogram"
"""Key of the training split's size histogram in a training checkpoint."""
DEFAULT_CHECKPOINT = "qm9"
_DENOISER_PREFIX = "denoiser."
_FALLBACK_SAMPLER = {"class_path": "molgen.sampling.DDIMSampler", "init_args": {"steps": 100}}


@dataclass(frozen=True)
class Checkpoint:
    """A loaded model and what is known about it.

    Attributes:
        vocab: Alphabet.
        noise: Noise process.
        denoiser: Denoiser with its weights, in evaluation mode, on the CPU.
        size_prior: Distribution of the number of atoms.
        card: Model card; of a training checkpoint, one made up from its configuration.
        digest: SHA-256 of the weight files, for run records.
    """

    vocab: Vocab
    noise: JointNoise
    denoiser: Denoiser
    size_prior: SizePrior
    card: ModelCard
    digest: str


def shipped_checkpoints() -> list[str]:
    """Names of the checkpoints that come with the package."""
    root = importlib.resources.files("molgen") / "weights"
    return sorted(entry.name for entry in root.iterdir() if (entry / CARD_FILE).is_file())


def load_checkpoint(name: str | Path = DEFAULT_CHECKPOINT) -> Checkpoint:
    """Load a shipped checkpoint by name, a checkpoint folder, or a training run's ``.ckpt``.

    Raises:
        CheckpointError: There is none of that name, or it is damaged.
    """
    path = Path(name)
    if path.suffix == ".ckpt" and path.is_file():
        return _load_training_checkpoint(path)
    if str(name) in shipped_checkpoints():
        path = Path(str(importlib.resources.files("molgen") / "weights" / str(name)))
    if not (path / CARD_FILE).is_file():
        raise CheckpointError(
            f"no checkpoint {str(name)!r}: give one of {shipped_checkpoints()}, a folder with {CARD_FILE}, "
            "or a training run's .ckpt file"
        )
    return _load_folder(path)


def _load_folder(folder: Path) -> Checkpoint:
    card = ModelCard.read(folder)
    state: dict[str, Tensor] = {}
    for file, digest in card.files.items():
        if Path(file).name != file:
            raise CheckpointError(f"the card in {folder} names a file outside its folder: {file!r}")
        try:
            matches = sha256(folder / file) == digest
            state.update(load_file(folder / file))
        except (OSError, SafetensorError) as error:
            raise CheckpointError(f"cannot read the weights {folder / file}: {error}") from error
        if not matches:
            raise CheckpointError(
                f"{folder / file} is not the file that its card describes (SHA-256 differs)"
            )
    sizes = {int(size): count for size, count in card.size_histogram.items()}
    return _assemble(card, state, sizes, "+".join(card.files.values()))


def read_training_checkpoint(path: Path) -> dict[str, Any]:
    """Read a ``.ckpt`` of ``molgen fit``, tensors mapped rather than copied.

    Raises:
        CheckpointError: It is damaged, or something else wrote it.
    """
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # torch raises several unrelated types on damaged files
        raise CheckpointError(
            f"cannot read the checkpoint {path}: it is damaged or not a checkpoint; give another .ckpt file"
        ) from error
    if CONFIG_KEY not in content or SIZES_KEY not in content:
        raise CheckpointError(
            f"{path} was not written by molgen fit (it holds no configuration); give one that was"
        )
    return content


def _load_training_checkpoint(path: Path) -> Checkpoint:
    content = read_training_checkpoint(path)
    config = yaml.safe_load(content[CONFIG_KEY])
    state = {
        key.removeprefix(_DENOISER_PREFIX): value
        for key, value in content["state_dict"].items()
        if key.startswith(_DENOISER_PREFIX)
    }
    sizes = content[SIZES_KEY]
    card = ModelCard(
        name=path.stem,
        description=f"training checkpoint at step {content['global_step']}",
        model={part: config["model"][part] for part in MODEL_PARTS},
        sampling=_sampling(config["model"]),
        size_histogram={str(size): count for size, count in sizes.items()},
        reference="",
        training={"config": config, "steps": content["global_step"]},
        metrics=[],
        files={},
    )
    return _assemble(card, state, sizes, sha256(path))


def _sampling(model: Mapping[str, Any]) -> Mapping[str, Any]:
    """The sampler that the run itself drew with; without one, the one that any network can walk with."""
    generate = model.get("generate") or {}
    sampler: Mapping[str, Any] = generate.get("init_args", {}).get("sampler") or _FALLBACK_SAMPLER
    return sampler


def _assemble(card: ModelCard, state: Mapping[str, Tensor], sizes: dict[int, int], digest: str) -> Checkpoint:
    vocab, noise, denoiser = build_model(card.model)
    try:
        denoiser.load_state_dict(dict(state))
    except RuntimeError as error:
        raise CheckpointError(
            f"the weights of {card.name!r} do not fit its configuration: {error}"
        ) from error
    denoiser.eval()
    return Checkpoint(vocab, noise, denoiser, SizePrior(sizes), card, digest)
