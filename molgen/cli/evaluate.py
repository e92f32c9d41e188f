"""``molgen evaluate``: judge a file of molecules, print a table, keep the figures as JSON."""

from __future__ import annotations

import json as json_format
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace
from rich.console import Console

from molgen.chem.io import read_molecules
from molgen.cli.progress import progress_bar
from molgen.core.files import atomic_path, require_writable
from molgen.evaluation import Report, evaluate, load_protocol, load_reference


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="molecules: SDF, XYZ (many frames) or NPZ (arrays z, x, n)")
    parser.add_argument(
        "--protocol", type=str, default="edm", help="how to judge: edm, or a protocol file (YAML)"
    )
    parser.add_argument(
        "--reference",
        type=str | None,
        default=None,
        help="known molecules for novelty: qm9, or a file (SDF, XYZ, NPZ, or one SMILES a line)",
    )
    parser.add_argument("--json", type=Path | None, default=None, help="where to write the figures as JSON")


def run(options: Namespace) -> None:
    """Judge and report; see :func:`evaluate_file`."""
    evaluate_file(options.file, options.protocol, options.reference, options.json)


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
    if json is not None:
        require_writable(json)
    molecules = read_molecules(file)
    with progress_bar() as bar:
        task = bar.add_task("judging", total=len(molecules))
        report = evaluate(molecules, rules, known, progress=lambda count: bar.advance(task, count))
    Console().print(report.render())
    if json is not None:
        content = {"file": str(file), **report.to_dict()}
        with atomic_path(json) as partial:
            partial.write_text(json_format.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return report
