"""``molgen prepare``: make a data set ready for training."""

from __future__ import annotations

import time
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace
from jsonargparse.typing import PositiveInt
from rich.console import Console

from molgen.core.errors import InputError
from molgen.data.prepare import prepare_qm9

SOURCES = {"qm9": prepare_qm9}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("source", type=str, help=f"which data set: {', '.join(SOURCES)}")
    parser.add_argument("-o", "--output", type=Path, help="folder to write (default: datasets/SOURCE)")
    parser.add_argument("--workers", type=PositiveInt, default=2, help="number of processes")


def run(options: Namespace) -> None:
    """Prepare and say what is there.

    Raises:
        InputError: The source is unknown or the folder cannot be written.
        DataError: The source is not installed or contradicts itself.
    """
    if options.source not in SOURCES:
        raise InputError(f"unknown data set {options.source!r}; known are {sorted(SOURCES)}")
    root = options.output or Path("datasets") / options.source
    start = time.perf_counter()
    manifest = SOURCES[options.source](root, options.workers)
    Console().print(
        f"{root}: {manifest['molecules']} molecules, {manifest['atoms']} atoms, {manifest['bonds']} bonds, "
        f"splits {manifest['split_sizes']} ({time.perf_counter() - start:.0f} s)",
        highlight=False,
        soft_wrap=True,
    )
