"""``molgen fit | validate | test | predict``: LightningCLI on molgen's module and data."""

from __future__ import annotations

import warnings
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.cli import LightningArgumentParser, LightningCLI, SaveConfigCallback

from molgen.checkpoint.load import CONFIG_KEY, SIZES_KEY
from molgen.data.datamodule import MolDataModule
from molgen.training.module import DiffusionModule


class ConfigInCheckpoint(SaveConfigCallback):
    """Save the resolved configuration in the run folder and in every checkpoint."""

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add the configuration as YAML text, and the sizes that sampling draws from."""
        checkpoint[CONFIG_KEY] = self.parser.dump(self.config, skip_none=False)
        checkpoint[SIZES_KEY] = trainer.datamodule.size_prior.counts  # type: ignore[attr-defined]


class TrainingCLI(LightningCLI):
    """The command line of training; vocabulary is given once, to the model."""

    def init_parser(self, **kwargs: Any) -> LightningArgumentParser:  # noqa: ANN401
        """Make parsers that raise, so that the caller prints one line."""
        return super().init_parser(**{**kwargs, "exit_on_error": False})

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Link the model's vocabulary to the data."""
        parser.link_arguments("model.vocab", "data.vocab")


def run_training(args: list[str]) -> None:
    """Run one LightningCLI subcommand.

    Args:
        args: ``fit``, ``validate``, ``test`` or ``predict`` and its options.
    """
    # Lightning warns whenever words are passed in beside those of the process; here they are the same.
    warnings.filterwarnings("ignore", message="LightningCLI's args parameter")
    TrainingCLI(
        DiffusionModule,
        MolDataModule,
        save_config_callback=ConfigInCheckpoint,
        save_config_kwargs={"overwrite": True},
        seed_everything_default=0,
        auto_configure_optimizers=False,
        args=args,
    )
