"""Begin a run from a checkpoint's weights: a new schedule for it, or other molecules to tune it to."""

from __future__ import annotations

from typing import cast

import pytorch_lightning as pl

from molgen.checkpoint.load import load_checkpoint
from molgen.core.errors import ConfigError
from molgen.training.module import DiffusionModule


class StartFrom(pl.Callback):
    """Load weights before training; optimiser, schedule and averages start afresh.

    Averages take the first weights they are shown, which are the loaded ones. A run that is resumed by
    ``--ckpt_path`` takes its own weights instead.

    Args:
        checkpoint: A shipped checkpoint's name, a checkpoint folder, or a training run's ``.ckpt``.
        new: Names of modules that the checkpoint's network does not have, such as ``embed_properties`` for a
            network that learns to take conditions; they keep their initial weights.
    """

    def __init__(self, checkpoint: str, new: list[str] | None = None) -> None:
        self.checkpoint = checkpoint
        self.new = frozenset(new or [])

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Load the weights.

        Raises:
            CheckpointError: There is no such checkpoint, or it is damaged.
            ConfigError: Its network, vocabulary or fields are not those of this run.
        """
        if stage != "fit":
            return
        source = load_checkpoint(self.checkpoint)
        module = cast(DiffusionModule, pl_module)
        if source.vocab != module.vocab:
            raise ConfigError(f"{self.checkpoint} writes {source.vocab}, but this run {module.vocab}")
        own = module.denoiser.state_dict()
        kept = {name: weight for name, weight in own.items() if self.new & set(name.split("."))}
        try:
            module.denoiser.load_state_dict(source.denoiser.state_dict() | kept)
        except RuntimeError as error:
            first = " ".join(str(error).split())[:200]
            raise ConfigError(
                f"the weights of {self.checkpoint} do not fit this run's network ({first}); give both the "
                "same denoiser configuration"
            ) from error
