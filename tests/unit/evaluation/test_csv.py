"""The CSV file: one row per requested molecule, whatever its texts hold."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from molgen.chem import Molecule, write_molecules
from molgen.cli.evaluate import Outputs, evaluate_files
from molgen.cli.judging import How
from molgen.evaluation.csv_table import write_csv
from molgen.evaluation.subject import Subject


@pytest.fixture
def subject(ethanol: Molecule, pair: Molecule, not_finite: Molecule, tmp_path: Path) -> Subject:
    files = [tmp_path / "a.sdf", tmp_path / "b.sdf"]
    write_molecules([ethanol, pair, not_finite], files[0])
    write_molecules([replace(ethanol, defect='it says "no", twice'), ethanol], files[1])
    (found,) = evaluate_files(files, False, How(), Outputs(), None)
    return found


def test_every_cell_of_every_protocol(subject: Subject, tmp_path: Path) -> None:
    path = tmp_path / "new" / "rows.csv"
    write_csv([subject], path)
    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert [(Path(row["file"]).name, row["index"]) for row in rows] == [
        ("a.sdf", "0"),
        ("a.sdf", "1"),
        ("a.sdf", "2"),
        ("b.sdf", "0"),
        ("b.sdf", "1"),
    ]
    assert {"bonded", "edm"} <= {report.protocol.name for report in subject.reports}
    for report in subject.reports:
        for row, cells in zip(rows, report.table.rows(), strict=True):
            shown = {name: row[f"{report.protocol.name}.{name}"] for name in cells}
            assert shown == {name: "" if cell is None else str(cell) for name, cell in cells.items()}
    assert rows[3]["bonded.failure"] == 'it says "no", twice'
    assert [p.name for p in path.parent.iterdir()] == ["rows.csv"]


def test_a_column_that_one_model_lacks_is_empty(subject: Subject, tmp_path: Path) -> None:
    less = replace(subject, reports=subject.reports[:1])
    write_csv([less, subject], tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 10
    assert rows[0]["bonded.valid"] == "" and rows[5]["bonded.valid"] == "True"
