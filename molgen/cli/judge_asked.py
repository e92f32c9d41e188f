"""``molgen evaluate --properties``: files of molecules, the shipped judge, and what was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table as RichTable

from molgen.chem.damage import DamagedFileError
from molgen.chem.io import iter_rows
from molgen.chem.molecule import Molecule
from molgen.evaluation.asked_properties import AskedReport, PropertyJudge, judge_asked
from molgen.regression.card import CARD_FILE
from molgen.regression.model import PropertyModel
from molgen.regression.shipped import JUDGE, shipped_property_model


def load_judge(name: str = JUDGE) -> PropertyJudge:
    """Load what judges properties.

    Args:
        name: The shipped judge's name, or a folder that ``molgen judge export`` wrote.

    Raises:
        CheckpointError: There is none, or it is damaged.
    """
    folder = Path(name)
    shipped = name == JUDGE and not (folder / CARD_FILE).is_file()
    model = shipped_property_model(JUDGE) if shipped else PropertyModel.load(folder)
    return PropertyJudge(model.judge, model.card.units, model.card.errors, model.card.error_molecules)


def asked_reports(files: Sequence[Path], as_models: bool, judge: str = JUDGE) -> dict[str, AskedReport]:
    """Judge the asked properties of files.

    Args:
        files: Molecules.
        as_models: Whether each file is a model of its own, rather than a seed of one.
        judge: See :func:`load_judge`.

    Returns:
        A report for each model, by the name of its file or files.

    Raises:
        CheckpointError: There is no such judge, or it is damaged.
        InputError: A file cannot be read, or asks for nothing.
    """
    loaded = load_judge(judge)
    groups = [[file] for file in files] if as_models else [list(files)]
    return {", ".join(map(str, group)): judge_asked(_rows(group), loaded) for group in groups}


def asked_content(reports: Mapping[str, AskedReport]) -> dict[str, Any]:
    """Return reports as plain values: that of a single model, or all by name."""
    if len(reports) == 1:
        return next(iter(reports.values())).to_dict()
    return {name: report.to_dict() for name, report in reports.items()}


def asked_tables(reports: Mapping[str, AskedReport]) -> Iterator[RichTable]:
    """Yield a table for each model, with its name where there are several."""
    for name, report in reports.items():
        table = report.render()
        if len(reports) > 1:
            table.title = f"{name}: {table.title}"
        yield table


def _rows(files: Sequence[Path]) -> Iterator[Molecule]:
    for file in files:
        yield from iter_rows(file, _told_elsewhere)


def _told_elsewhere(damage: DamagedFileError) -> None:
    """The protocols read the same files and report damage; here the row is one that cannot be judged."""
