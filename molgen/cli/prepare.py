"""``molgen prepare``: make a data set ready for training."""

from __future__ import annotations

import time
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace
from jsonargparse.typing import PositiveInt
from rich.console import Console

from molgen.cli.progress import progress_bar
from molgen.core.errors import InputError
from molgen.data.prepare import prepare_qm9
from molgen.data.qm9 import NUM_MOLECULES

SOURCES = {"qm9": (prepare_qm9, NUM_MOLECULES)}
"""Name of a data set to the function that prepares it and its number of molecules."""


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
    prepare, size = SOURCES[options.source]
    with progress_bar() as bar:
        task = bar.add_task("reading molecules", total=size, visible=False)
        manifest = prepare(root, options.workers, lambda k: bar.update(task, advance=k, visible=True))
    Console().print(
        f"{root}: {manifest['molecules']} molecules, {manifest['atoms']} atoms, {manifest['bonds']} bonds, "
        f"splits {manifest['split_sizes']} ({time.perf_counter() - start:.0f} s)",
        highlight=False,
        soft_wrap=True,
    )
