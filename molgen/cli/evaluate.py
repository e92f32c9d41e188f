"""``molgen evaluate``: judge a file of molecules, print tables, keep the figures as JSON."""

from __future__ import annotations

import json as json_format
from collections.abc import Mapping, Sequence
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace
from rich.console import Console

from molgen.chem.io import read_molecules
from molgen.chem.molecule import Molecule
from molgen.cli.progress import progress_bar
from molgen.core.files import atomic_path, require_writable
from molgen.evaluation import (
    Protocol,
    ReferenceSet,
    Report,
    applicable_protocols,
    evaluate,
    load_protocol,
    load_reference,
)

ALL = "all"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="molecules: SDF, XYZ (many frames) or NPZ (arrays z, x, n)")
    parser.add_argument(
        "--protocol",
        type=str,
        default=ALL,
        help="how to judge: edm, bonded, all (bonded needs bonds in the file), or a protocol file (YAML)",
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
    protocol: str = ALL,
    reference: str | None = None,
    json: Path | None = None,
) -> list[Report]:
    """Judge the molecules of a file; each record counts, readable or not.

    Args:
        file: Molecules as SDF, XYZ (many frames) or NPZ (arrays z, x, n).
        protocol: A shipped protocol's name, a protocol file (YAML), or ``all``: every shipped protocol, those
            that judge own bonds only where the file has bonds.
        reference: Known molecules for novelty: qm9, or a file (SDF, XYZ, NPZ, or one SMILES a line).
        json: Where to write the figures as JSON.

    Returns:
        One report per protocol.

    Raises:
        InputError: A file cannot be read or written, or holds no molecule.
        ConfigError: The protocol is unknown or wrong.
    """
    # Every protocol and reference is read before the molecules, so that mistakes show before the work.
    rules = applicable_protocols(with_bonds=True) if protocol == ALL else [load_protocol(protocol)]
    known = {} if reference is None else {r.bonds: load_reference(reference, r.bonds) for r in rules}
    if json is not None:
        require_writable(json)
    molecules = read_molecules(file)
    if protocol == ALL:
        rules = applicable_protocols(with_bonds=any(m.bonds is not None and len(m.bonds) for m in molecules))
    reports = judge_and_print(molecules, rules, known)
    if json is not None:
        figures = {report.protocol.name: report.to_dict() for report in reports}
        content = {"file": str(file), "n": len(molecules), "protocols": figures}
        with atomic_path(json) as partial:
            partial.write_text(json_format.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return reports


def judge_and_print(
    molecules: Sequence[Molecule],
    protocols: Sequence[Protocol],
    references: Mapping[str, ReferenceSet],
) -> list[Report]:
    """Judge molecules under each protocol behind a progress bar, then print a table each.

    Args:
        molecules: All that were requested, at least one.
        protocols: How to judge.
        references: Known molecules by bond rule; novelty has no value where there are none.
    """
    with progress_bar() as bar:
        task = bar.add_task("judging", total=len(molecules) * len(protocols))
        reports = [
            evaluate(molecules, p, references.get(p.bonds), progress=lambda count: bar.advance(task, count))
            for p in protocols
        ]
    console = Console()
    for report in reports:
        console.print(report.render())
    return reports
