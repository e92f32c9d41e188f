"""``molgen prepare``: make a data set ready for training."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace
from jsonargparse.typing import PositiveInt
from rich.console import Console

from molgen.cli.progress import progress_bar
from molgen.core.contracts import Progress
from molgen.core.errors import InputError
from molgen.data.descriptors import add_descriptors
from molgen.data.files import prepare_files
from molgen.data.prepare import prepare_qm9
from molgen.data.qm9 import NUM_MOLECULES

Preparation = Callable[[Sequence[Path], Path, int, Progress], dict[str, object]]

_SHOWN_REASONS = 3
_DEFAULT_FOLDERS = {"descriptors": "qm9"}


def _qm9(paths: Sequence[Path], root: Path, workers: int, progress: Progress) -> dict[str, object]:
    """Prepare QM9; its tables are found, not given."""
    if paths:
        raise InputError(
            f"molgen prepare qm9 takes no files, got {paths[0]}; did you mean: molgen prepare files"
        )
    return prepare_qm9(root, workers, progress)


def _descriptors(paths: Sequence[Path], root: Path, workers: int, progress: Progress) -> dict[str, object]:
    """Add descriptors to the folder that is the output."""
    if paths:
        raise InputError(f"molgen prepare descriptors takes a folder with -o and no files, got {paths[0]}")
    return add_descriptors(root, workers, progress)


SOURCES: dict[str, tuple[Preparation, int | None]] = {
    "qm9": (_qm9, NUM_MOLECULES),
    "files": (prepare_files, None),
    "descriptors": (_descriptors, None),
}
"""Name of a data set to the function that prepares it and, where it is known, its number of molecules."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("source", type=str, help=f"which data set: {', '.join(SOURCES)} (adds to a folder)")
    parser.add_argument(
        "paths",
        type=Path,
        nargs="*",
        default=[],
        help="with files: SDF, XYZ, NPZ, or one SMILES a line (.smi, .txt)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help="folder to write (default: datasets/SOURCE; descriptors: datasets/qm9)",
    )
    parser.add_argument("--workers", type=PositiveInt, default=2, help="number of processes")


def run(options: Namespace) -> None:
    """Prepare and say what is there.

    Raises:
        InputError: The source is unknown, a file cannot be read or the folder cannot be written.
        DataError: The source is not installed, contradicts itself or is too small.
    """
    if options.source not in SOURCES:
        raise InputError(f"unknown data set {options.source!r}; known are {sorted(SOURCES)}")
    root = options.output or Path("datasets") / _DEFAULT_FOLDERS.get(options.source, options.source)
    start = time.perf_counter()
    prepare, size = SOURCES[options.source]
    with progress_bar() as bar:
        task = bar.add_task("reading molecules", total=size, visible=False)
        manifest = prepare(
            options.paths, root, options.workers, lambda k: bar.update(task, advance=k, visible=True)
        )
    console = Console()
    console.print(
        f"{root}: {manifest['molecules']} molecules, {manifest['atoms']} atoms, {manifest['bonds']} bonds, "
        f"splits {manifest['split_sizes']} ({time.perf_counter() - start:.0f} s)",
        highlight=False,
        soft_wrap=True,
    )
    left_out = manifest.get("left_out")
    if isinstance(left_out, list) and left_out:
        reasons = Counter(str(record["reason"]) for record in left_out).most_common(_SHOWN_REASONS)
        console.print(
            f"left out {len(left_out)}, listed in {root / 'manifest.json'}; most often: "
            + "; ".join(f"{reason} ({count})" for reason, count in reasons),
            highlight=False,
            soft_wrap=True,
            markup=False,
        )
