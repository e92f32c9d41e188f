"""From a training run's ``.ckpt`` to a shippable folder: safetensors and a card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from molgen.checkpoint.card import STATISTICS_FILE, ModelCard
from molgen.checkpoint.load import load_checkpoint
from molgen.core.errors import InputError
from molgen.core.files import atomic_path
from molgen.data.store import sha256

MAX_FILE_BYTES = 16 * 2**20
"""Largest weight file; larger models are cut into shards."""


@dataclass(frozen=True)
class CardTexts:
    """What a training checkpoint cannot know about itself.

    Attributes:
        name: Short name.
        description: A sentence or two.
        sampling: Default sampler as ``class_path`` and ``init_args``.
        reference: Reference set for novelty.
        training: Facts such as data, split, hardware, wall time, examples seen.
        metrics: Measured figures, each with its command.
    """

    name: str
    description: str
    sampling: Mapping[str, Any]
    reference: str
    training: Mapping[str, Any]
    metrics: list[Mapping[str, Any]]


def export_checkpoint(source: Path, folder: Path, texts: CardTexts) -> ModelCard:
    """Write weights and card; the (averaged) weights are those the run validated with.

    Args:
        source: A ``.ckpt`` of ``molgen fit``.
        folder: Where to write.
        texts: What to say on the card.

    Returns:
        The card as written.

    Raises:
        CheckpointError: The source cannot be read.
        InputError: The folder cannot be written, or one tensor exceeds the file limit.
    """
    checkpoint = load_checkpoint(source)
    files = {}
    shards = _shards(checkpoint.denoiser.state_dict())
    for number, shard in enumerate(shards, start=1):
        name = (
            "model.safetensors"
            if len(shards) == 1
            else f"model-{number:02d}-of-{len(shards):02d}.safetensors"
        )
        with atomic_path(folder / name) as partial:
            save_file(shard, partial)
            files[name] = sha256(partial)
    with atomic_path(folder / STATISTICS_FILE) as partial:
        partial.write_text(json.dumps(checkpoint.statistics.to_dict()) + "\n")
        statistics = sha256(partial)
    facts = {**checkpoint.card.training, **texts.training}
    card = replace(
        checkpoint.card,
        name=texts.name,
        description=texts.description,
        sampling=texts.sampling,
        reference=texts.reference,
        training=facts,
        metrics=texts.metrics,
        files=files,
        statistics=statistics,
    )
    card.write(folder)
    return card


def _shards(state: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
    """Cut a state dict into pieces below the file limit, in order."""
    shards: list[dict[str, Tensor]] = [{}]
    used = 0
    for key, value in state.items():
        size = value.numel() * value.element_size()
        if size > MAX_FILE_BYTES:
            raise InputError(f"tensor {key} has {size} bytes; weight files are limited to {MAX_FILE_BYTES}")
        if shards[-1] and used + size > MAX_FILE_BYTES - 2**16:
            shards.append({})
            used = 0
        shards[-1][key] = value.contiguous()
        used += size
    return shards
