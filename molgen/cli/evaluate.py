"""``molgen evaluate``: judge a file of molecules, print a table, keep the figures as JSON."""

from __future__ import annotations

import json as json_format
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from molgen.chem.io import read_molecules
from molgen.core.files import atomic_path
from molgen.evaluation import Report, evaluate, load_protocol, load_reference


def evaluate_file(
    file: Path,
    protocol: str = "edm",
    reference: str | None = None,
    json: Path | None = None,
) -> Report:
    """Judge the molecules of a file; each record counts, readable or not.

    Args:
        file: Molecules as SDF, XYZ (many frames) or NPZ (arrays z, x, n).
        protocol: How to judge: edm, or a protocol file (YAML).
        reference: Known molecules for novelty: qm9, or a file (SDF, XYZ, NPZ, or one SMILES a line).
        json: Where to write the figures as JSON.

    Raises:
        InputError: A file cannot be read or written, or holds no molecule.
        ConfigError: The protocol is unknown or wrong.
    """
    rules = load_protocol(protocol)
    known = None if reference is None else load_reference(reference)
    molecules = read_molecules(file)
    with _progress_bar() as bar:
        task = bar.add_task("judging", total=len(molecules))

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        report = evaluate(molecules, rules, known, on_progress=show)
    Console().print(report.render())
    if json is not None:
        content = {"file": str(file), **report.to_dict()}
        with atomic_path(json) as partial:
            partial.write_text(json_format.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return report


def _progress_bar() -> Progress:
    """Progress with count, rate of advance and time left, on stderr and only on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
