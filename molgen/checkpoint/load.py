"""Find a checkpoint by name or path and load it: safetensors with a card, or a training checkpoint."""

from __future__ import annotations

import importlib.resources
import json
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
from molgen.checkpoint.card import CARD_FILE, STATISTICS_FILE, ModelCard
from molgen.core.contracts import Denoiser
from molgen.core.errors import CheckpointError
from molgen.core.vocab import Vocab
from molgen.data.statistics import TrainingStatistics
from molgen.data.store import sha256
from molgen.noise.joint import JointNoise

CONFIG_KEY = "molgen_config"
"""Key of the resolved configuration (YAML text) in a training checkpoint."""
STATISTICS_KEY = "molgen_statistics"
"""Key of the training split's statistics in a training checkpoint."""
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
        statistics: Sizes, formulas and properties of the training molecules.
        card: Model card; of a training checkpoint, one made up from its configuration.
        digest: SHA-256 of the weight files, for run records.
    """

    vocab: Vocab
    noise: JointNoise
    denoiser: Denoiser
    statistics: TrainingStatistics
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
    return _assemble(card, state, _read_statistics(folder, card), "+".join(card.files.values()))


def _read_statistics(folder: Path, card: ModelCard) -> TrainingStatistics:
    path = folder / STATISTICS_FILE
    try:
        if sha256(path) != card.statistics:
            raise CheckpointError(f"{path} is not the file that its card describes (SHA-256 differs)")
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CheckpointError(f"cannot read the training statistics {path}: {error}") from error
    return TrainingStatistics.from_dict(content)


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
    if CONFIG_KEY not in content or STATISTICS_KEY not in content:
        raise CheckpointError(
            f"{path} was not written by this version of molgen fit (it holds no configuration or no training "
            "statistics); give one that was"
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
    card = ModelCard(
        name=path.stem,
        description=f"training checkpoint at step {content['global_step']}",
        model={part: config["model"][part] for part in MODEL_PARTS},
        sampling=_sampling(config["model"]),
        statistics="",
        reference="",
        training={"config": config, "steps": content["global_step"]},
        metrics=[],
        files={},
    )
    return _assemble(card, state, TrainingStatistics.from_dict(content[STATISTICS_KEY]), sha256(path))


def _sampling(model: Mapping[str, Any]) -> Mapping[str, Any]:
    """The sampler that the run itself drew with; without one, the one that any network can walk with."""
    generate = model.get("generate") or {}
    sampler: Mapping[str, Any] = generate.get("init_args", {}).get("sampler") or _FALLBACK_SAMPLER
    return sampler


def _assemble(
    card: ModelCard, state: Mapping[str, Tensor], statistics: TrainingStatistics, digest: str
) -> Checkpoint:
    vocab, noise, denoiser = build_model(card.model)
    try:
        denoiser.load_state_dict(dict(state))
    except RuntimeError as error:
        raise CheckpointError(
            f"the weights of {card.name!r} do not fit its configuration: {error}"
        ) from error
    denoiser.eval()
    return Checkpoint(vocab, noise, denoiser, statistics, card, digest)
