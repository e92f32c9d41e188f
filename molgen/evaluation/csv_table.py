"""The table as CSV: one row per requested molecule, for spreadsheets and data frames."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from molgen.core.files import atomic_path
from molgen.evaluation.checks import CellValue
from molgen.evaluation.subject import Subject


def write_csv(subjects: Sequence[Subject], path: Path) -> None:
    """Write a row per molecule, complete or not at all.

    Columns are ``file``, ``index`` (the record in the file, from 0) and, for each protocol,
    ``<protocol>.<column>``. A cell that says "not computable" is empty.

    Args:
        subjects: Judged molecules; at least one.
        path: Target; its folder is created.

    Raises:
        InputError: The folder is read-only or full.
    """
    names = ["file", "index", *dict.fromkeys(name for s in subjects for name in _columns(s))]
    with atomic_path(path) as partial, partial.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, names, restval="")
        writer.writeheader()
        for subject in subjects:
            writer.writerows(_rows(subject))


def _columns(subject: Subject) -> Iterator[str]:
    for report in subject.reports:
        yield from (f"{report.protocol.name}.{column}" for column in report.table.columns)


def _rows(subject: Subject) -> Iterator[dict[str, CellValue]]:
    tables = [report.table.rows() for report in subject.reports]
    for (file, index), *found in zip(subject.places(), *tables, strict=True):
        row: dict[str, CellValue] = {"file": str(file), "index": index}
        for report, cells in zip(subject.reports, found, strict=True):
            row |= {f"{report.protocol.name}.{column}": cell for column, cell in cells.items()}
        yield row
