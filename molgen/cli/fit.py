"""``molgen fit | validate | test | predict``: LightningCLI on molgen's module and data."""

from __future__ import annotations

import errno
import netrc
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytorch_lightning as pl
from jsonargparse import Namespace
from lightning_fabric.plugins import CheckpointIO
from pytorch_lightning.cli import ArgsType, LightningArgumentParser, LightningCLI, SaveConfigCallback

from molgen.checkpoint.load import CONFIG_KEY, STATISTICS_KEY
from molgen.cli.checkpoint_file import AtomicCheckpointIO
from molgen.cli.preflight import check_run, hush, trainer_errors
from molgen.core.errors import InputError
from molgen.data.datamodule import MolDataModule
from molgen.training.module import DiffusionModule

DEFAULTS = "configs/defaults.yaml"
"""What every run shares, read first where the working directory has it."""

SUBCOMMANDS = ("fit", "validate", "test", "predict")

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class ConfigInCheckpoint(SaveConfigCallback):
    """Save the resolved configuration in the run folder and in every checkpoint."""

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add the configuration as YAML text, and the statistics that sampling draws from."""
        checkpoint[CONFIG_KEY] = self.parser.dump(self.config, skip_none=False)
        checkpoint[STATISTICS_KEY] = trainer.datamodule.statistics.to_dict()  # type: ignore[attr-defined]


class TrainingCLI(LightningCLI):
    """The command line of training: one vocabulary, one run folder, quiet where nobody watches."""

    def init_parser(self, **kwargs: Any) -> LightningArgumentParser:  # noqa: ANN401
        """Make parsers that raise, so that the caller prints one line."""
        return super().init_parser(**{**kwargs, "exit_on_error": False, "allow_abbrev": False})

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add ``run`` and link the model's vocabulary to the data."""
        parser.add_argument("--run", type=str, default="runs/default", help="folder of this run")
        parser.link_arguments("model.vocab", "data.vocab")

    def parse_arguments(self, parser: LightningArgumentParser, args: ArgsType) -> None:
        """Parse, and look at what the run needs before anything is seeded, loaded or written.

        Raises:
            MolgenError: Something the user gave cannot be used.
        """
        super().parse_arguments(parser, args)
        check_run(self.config.subcommand, self.config[self.config.subcommand])

    def before_instantiate_classes(self) -> None:
        """Place loggers and checkpoints in the run folder; no key, no network; no terminal, no bar."""
        config = self.config[self.subcommand]
        place_run(config.trainer, Path(config.run))
        if not wandb_key_is_set():
            go_offline(config.trainer)
        if config.trainer.enable_progress_bar is None:
            config.trainer.enable_progress_bar = sys.stderr.isatty()

    def instantiate_trainer(self, **kwargs: Any) -> pl.Trainer:  # noqa: ANN401
        """Build the trainer with checkpoints that a full disk cannot spoil.

        Raises:
            ConfigError: Lightning refuses the configuration.
        """
        given = self._get(self.config_init, "trainer").plugins or []
        plugins = list(given) if isinstance(given, list) else [given]
        if not any(isinstance(plugin, CheckpointIO) for plugin in plugins):
            plugins.append(AtomicCheckpointIO())
        with trainer_errors():
            return super().instantiate_trainer(plugins=plugins, **kwargs)


def place_run(trainer: Namespace, folder: Path) -> None:
    """Give loggers with ``save_dir: .`` and checkpoint callbacks without a folder the run's folder.

    Args:
        trainer: Trainer configuration, changed in place.
        folder: The run's folder.
    """
    trainer.default_root_dir = trainer.default_root_dir or str(folder)
    for logger in _loggers(trainer):
        if logger.init_args.get("save_dir") == ".":
            logger.init_args.save_dir = str(folder)
    for callback in trainer.callbacks or []:
        if callback.class_path.endswith("ModelCheckpoint") and callback.init_args.dirpath is None:
            callback.init_args.dirpath = str(folder / "checkpoints")


def go_offline(trainer: Namespace) -> None:
    """Make every W&B logger of a trainer configuration write to disk only (``wandb sync`` uploads later)."""
    for logger in _loggers(trainer):
        if logger.class_path.endswith("WandbLogger"):
            logger.init_args.offline = True


def wandb_key_is_set() -> bool:
    """Whether W&B would find a key without asking: ``WANDB_API_KEY``, or a netrc entry of its server."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    server = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname
    try:
        return netrc.netrc().authenticators(str(server)) is not None
    except (FileNotFoundError, netrc.NetrcParseError):
        return False


def _loggers(trainer: Namespace) -> list[Namespace]:
    loggers = trainer.logger if isinstance(trainer.logger, list) else [trainer.logger]
    return [logger for logger in loggers if isinstance(logger, Namespace)]


def run_training(
    args: list[str],
    module: type[pl.LightningModule] = DiffusionModule,
    defaults: Sequence[str] = (DEFAULTS,),
) -> None:
    """Run one LightningCLI subcommand.

    Args:
        args: ``fit``, ``validate``, ``test`` or ``predict`` and its options.
        module: What is trained.
        defaults: Configuration files that are read first where they exist.

    Raises:
        MolgenError: Something the user gave cannot be used.
        InputError: The disk filled up.
    """
    # Lightning warns whenever words are passed in beside those of the process; here they are the same.
    warnings.filterwarnings("ignore", message="LightningCLI's args parameter")
    hush()
    try:
        TrainingCLI(
            module,
            MolDataModule,
            save_config_callback=ConfigInCheckpoint,
            save_config_kwargs={"overwrite": True},
            seed_everything_default=0,
            auto_configure_optimizers=False,
            parser_kwargs={name: {"default_config_files": list(defaults)} for name in SUBCOMMANDS},
            args=args,
        )
    except OSError as error:
        if error.errno not in _DISK_FULL:
            raise
        where = error.filename or "the run folder"
        raise InputError(
            f"cannot write {where}: {error.strerror}; free some space and go on with --ckpt_path last"
        ) from error
