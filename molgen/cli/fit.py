"""``molgen fit | validate | test | predict``: LightningCLI on molgen's module and data."""

from __future__ import annotations

from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.cli import LightningArgumentParser, LightningCLI, SaveConfigCallback

from molgen.data.datamodule import MolDataModule
from molgen.training.module import DiffusionModule

CONFIG_KEY = "molgen_config"
"""Key of the resolved configuration (YAML text) in a training checkpoint."""


class ConfigInCheckpoint(SaveConfigCallback):
    """Save the resolved configuration in the run folder and in every checkpoint."""

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add the configuration as YAML text."""
        checkpoint[CONFIG_KEY] = self.parser.dump(self.config, skip_none=False)


class TrainingCLI(LightningCLI):
    """The command line of training; vocabulary is given once, to the model."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Link the model's vocabulary to the data."""
        parser.link_arguments("model.vocab", "data.vocab")


def run_training(args: list[str]) -> None:
    """Run one LightningCLI subcommand.

    Args:
        args: ``fit``, ``validate``, ``test`` or ``predict`` and its options.
    """
    TrainingCLI(
        DiffusionModule,
        MolDataModule,
        save_config_callback=ConfigInCheckpoint,
        save_config_kwargs={"overwrite": True},
        seed_everything_default=0,
        auto_configure_optimizers=False,
        args=args,
    )
