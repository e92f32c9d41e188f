"""Checks before a training run starts, so that wrong input costs one line and leaves nothing behind.

Lightning looks at the data, the checkpoint and the devices one after another while it starts trackers and
writes folders; here they are looked at first.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
from jsonargparse import Namespace
from lightning_fabric.utilities.exceptions import MisconfigurationException
from lightning_fabric.utilities.rank_zero import rank_zero_only
from lightning_fabric.utilities.seed import max_seed_value
from numpy.typing import NDArray

from molgen.checkpoint.load import read_training_checkpoint
from molgen.core.errors import CheckpointError, ConfigError, DataError
from molgen.core.files import require_writable
from molgen.core.vocab import Vocab
from molgen.data.store import STORE_FILE, is_complete, read_manifest, read_store

NEWEST = "last"
"""Word that Lightning takes for the newest checkpoint of the run folder."""

PRECISIONS = ("32-true", "32", "bf16-mixed", "bf16", "16-mixed", "16")
"""Of a run, by Lightning's names."""

_NOTICES = logging.getLogger("pytorch_lightning.utilities.rank_zero")
_SEED = logging.getLogger("lightning_fabric.utilities.seed")


def check_run(command: str, config: Namespace) -> None:
    """Look at everything a run needs, cheapest first.

    Args:
        command: ``fit``, ``validate``, ``test`` or ``predict``.
        config: Its parsed configuration.

    Raises:
        ConfigError: Lightning has no such devices, precision, strategy or seed, or the data do not fit the
            model or the batch size.
        DataError: The data folder holds no finished store.
        CheckpointError: There is no checkpoint, or it is damaged.
        InputError: A folder cannot be written.
    """
    check_training_seed(config.seed_everything)
    check_precision(config.trainer.precision)
    check_trainer(config.trainer)
    check_data(Path(config.data.root))
    check_fit(command, config)
    check_checkpoint(command, config.ckpt_path, Path(config.run))
    check_places(_outputs(command, config))


def check_training_seed(seed: int | bool) -> None:
    """Refuse seeds that random number generators do not take.

    Raises:
        ConfigError: The seed is negative or too large.
    """
    if not 0 <= seed <= max_seed_value:
        raise ConfigError(
            f"--seed_everything: {seed} is no seed; give a whole number of 0 to {max_seed_value}"
        )


def check_precision(precision: str | int | None) -> None:
    """Refuse what would store weights or molecules in another precision than single.

    Args:
        precision: As Lightning takes it; single by default.

    Raises:
        ConfigError: It is not one of :data:`PRECISIONS`.
    """
    if precision is not None and str(precision) not in PRECISIONS:
        raise ConfigError(
            f"--trainer.precision {precision}: weights and coordinates need single precision; give 32-true "
            "or bf16-mixed, which computes what is safe in half"
        )


def check_trainer(trainer: Namespace) -> None:
    """Build a trainer without loggers and callbacks: it tells whether devices and limits are possible.

    Args:
        trainer: Trainer configuration; parts given by class are left to the real trainer.

    Raises:
        ConfigError: Lightning refuses.
    """
    absent = {"logger": False, "enable_checkpointing": False, "callbacks": None, "plugins": None}
    plain = {
        name: value
        for name, value in vars(trainer.clone(with_meta=False)).items()
        if not isinstance(value, Namespace)
    }
    with _silence(), trainer_errors():
        pl.Trainer(**{**plain, "profiler": None, **absent})


@contextmanager
def trainer_errors() -> Iterator[None]:
    """Turn what Lightning raises while a trainer is built into a typed error.

    Raises:
        ConfigError: Always in place of Lightning's own.
    """
    try:
        yield
    except (MisconfigurationException, ValueError, TypeError, RuntimeError, ImportError) as error:
        raise ConfigError(f"{error} (change the --trainer options; molgen fit --help lists them)") from error


def check_data(root: Path) -> None:
    """Refuse a folder that ``molgen prepare`` did not finish.

    Raises:
        DataError: The manifest or the store is missing or damaged.
    """
    read_manifest(root)
    if not is_complete(root):
        raise DataError(
            f"{root / STORE_FILE} is missing or not the file its manifest describes; delete {root} and run "
            f"molgen prepare again"
        )


def check_fit(command: str, config: Namespace) -> None:
    """Refuse a data set whose elements or charges the model cannot write, or that is less than one batch.

    Raises:
        ConfigError: It is.
    """
    store = read_store(Path(config.data.root))
    vocab = Vocab(**config.model.vocab.init_args)
    columns: dict[str, tuple[NDArray[Any], tuple[int, ...]]] = {
        "atomic number": (store.numbers, vocab.atomic_numbers)
    }
    if "charge" in (config.data.fields or ["charge"]):
        columns["formal charge"] = (store.charges, vocab.charges)
    for what, (values, known) in columns.items():
        if missing := sorted(set(np.unique(values).tolist()) - set(known)):
            raise ConfigError(
                f"{config.data.root} holds {what} {missing} that the model's vocabulary lacks; add it to "
                "model.vocab, or leave those molecules out"
            )
    molecules = min(len(store.train), abs(config.data.train_size or sys.maxsize))
    if command == "fit" and molecules < config.data.batch_size:
        raise ConfigError(
            f"{molecules} training molecules are less than one batch of {config.data.batch_size}; give "
            "--data.batch_size a smaller number"
        )


def check_checkpoint(command: str, name: str | Path | None, run: Path) -> None:
    """Refuse weights that are not there, cannot be read or were not written by ``molgen fit``.

    Args:
        command: ``fit`` may start without weights; the others judge or use them.
        name: A file, ``last`` for the newest in the run folder, an address that Lightning reads, or ``None``.
        run: The run's folder.

    Raises:
        CheckpointError: They cannot be used.
    """
    if name is None:
        if command != "fit":
            raise CheckpointError(
                f"{command} needs trained weights; give --ckpt_path RUN/checkpoints/last.ckpt"
            )
        return
    if "://" in str(name):
        return
    path = run / "checkpoints" / f"{NEWEST}.ckpt" if name == NEWEST else Path(name)
    if not path.is_file():
        raise CheckpointError(
            f"no checkpoint {path}; give --ckpt_path the path of a .ckpt file that molgen fit wrote, or "
            f"{NEWEST!r} for the newest in the folder of --run"
        )
    read_training_checkpoint(path)


@rank_zero_only
def check_places(paths: list[Path]) -> None:
    """Make sure that files can be written, and leave no folder behind.

    Raises:
        InputError: A folder cannot be created or written.
    """
    for path in paths:
        absent = [folder for folder in path.parents if not folder.exists()]
        try:
            require_writable(path)
        finally:
            for folder in absent:
                if folder.is_dir():
                    folder.rmdir()


def hush() -> None:
    """Silence Lightning's advertisements, and its line about the seed, which the run's config.yaml holds."""
    _NOTICES.addFilter(_is_no_advertisement)
    _SEED.addFilter(_is_not_the_seed)


def _outputs(command: str, config: Namespace) -> list[Path]:
    """One file in each folder that the run will write."""
    run = Path(config.run)
    folders = [run / "checkpoints" if command == "fit" else run]
    for callback in config.trainer.callbacks or []:
        if command == "predict" and callback.class_path.endswith("NpzPredictionWriter"):
            folders.append(Path(callback.init_args.folder))
    return [folder / "config.yaml" for folder in folders]


def _is_no_advertisement(record: logging.LogRecord) -> bool:
    return "Tip: For seamless cloud" not in record.getMessage()


def _is_not_the_seed(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("Seed set to")


@contextmanager
def _silence() -> Iterator[None]:
    """Keep notices for the real trainer, which gives them again."""
    disabled, _NOTICES.disabled = _NOTICES.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        _NOTICES.disabled = disabled
