"""Hostile files: reading ends with rows and reasons, and holds one record of bounded size in memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from molgen.chem import Molecule, mol_block, read_molecules, sdf, xyz
from molgen.chem.damage import DamagedFileError
from molgen.chem.io import iter_rows
from molgen.evaluation import evaluate
from molgen.evaluation.execution import Direct

MB = 400_000


@contextmanager
def memory_below(limit: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


@pytest.fixture
def small_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that small files go beyond."""
    monkeypatch.setattr(sdf, "MAX_RECORD", 50_000)
    monkeypatch.setattr(xyz, "MAX_ATOMS", 100)


@pytest.fixture
def block(ethanol: Molecule) -> str:
    return mol_block(ethanol)


def rows_of(path: Path) -> tuple[list[Molecule], list[DamagedFileError]]:
    damage: list[DamagedFileError] = []
    return list(iter_rows(path, damage.append)), damage


@pytest.mark.usefixtures("small_records")
@pytest.mark.parametrize(
    "rubbish",
    [b"\xff\x00\x80" * 3 * MB, b"C" * 9 * MB, b"C\n" * (MB // 4), b"$$$$ " * 2 * MB, b"\r\n>" * (MB // 4)],
    ids=["bytes", "one line", "short lines", "delimiters within a line", "windows"],
)
def test_rubbish_without_a_delimiter_is_one_row(tmp_path: Path, rubbish: bytes) -> None:
    path = tmp_path / "rubbish.sdf"
    path.write_bytes(rubbish)
    with memory_below(1_800_000):
        rows, damage = rows_of(path)
    assert [row.failure for row in rows] == [damage[0].reason]
    assert "ends inside record 1 (line 1): there is no closing $$$$; 0 complete" in damage[0].reason
    with pytest.raises(DamagedFileError, match="Make the file again"):
        read_molecules(path)


@pytest.mark.usefixtures("small_records")
@pytest.mark.parametrize("size", [10 * MB, 50_001])
def test_reading_goes_on_after_a_record_that_is_too_large(tmp_path: Path, block: str, size: int) -> None:
    path = tmp_path / "large.sdf"
    field = "> <note>\n" + "x" * size + "\n\n"
    path.write_text(f"{block}$$$$\n{block}{field}$$$$\n{block}$$$$\n")
    with memory_below(1_800_000):
        rows, damage = rows_of(path)
    characters = len(block) + len(field) + 5
    line = block.count("\n") + 2
    assert [row.smiles for row in rows] == ["CCO", None, "CCO"]
    assert rows[1].failure == f"record 2 (line {line}) has {characters} characters; at most 50000 are read"
    assert damage == []


def test_a_line_of_a_million_characters(tmp_path: Path, block: str) -> None:
    path = tmp_path / "long.sdf"
    path.write_text(f"{block}> <note>\n{'x' * MB}\n\n$$$$\n{'x' * MB}\n$$$$\n{block}$$$$\n")
    rows, _ = rows_of(path)
    assert [row.smiles for row in rows] == ["CCO", None, "CCO"]
    assert len(str(rows[0].record["note"])) == MB
    assert rows[1].failure is not None


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9])
def test_a_truncated_file_keeps_its_denominators(tmp_path: Path, block: str, cut: float) -> None:
    path = tmp_path / "cut.sdf"
    path.write_text(f"{block}$$$$\n" * 2 + block[: int(cut * len(block))])
    damage: list[DamagedFileError] = []
    report = evaluate(iter_rows(path, damage.append), "bonded", execution=Direct())
    assert (report.shares["validity"].numerator, report.shares["validity"].denominator) == (2, 3)
    assert report.table["failure"][2] == damage[0].reason
    assert "ends inside record 3" in damage[0].reason
    assert "2 complete records" in str(damage[0])


@pytest.mark.parametrize(
    "value", ["      nan", "      inf", "    1e300", "999999999", "   ******", "  -0x1p+3"]
)
def test_coordinates_of_no_place(tmp_path: Path, block: str, value: str) -> None:
    path = tmp_path / "far.sdf"
    lines = block.splitlines()
    lines[4] = f"{value:>10}" + lines[4][10:]
    path.write_text("\n".join(lines) + f"\n$$$$\n{block}$$$$\n")
    for protocol in ("edm", "bonded"):
        report = evaluate(iter_rows(path, pytest.fail), protocol, execution=Direct())
        assert report.table["valid"][1]
        assert (
            report.table["failure"][0] is None
            or "finite" in report.table["failure"][0]
            or "parsed" in (report.table["failure"][0])
        )
        assert not (report.table["stable"][0] and protocol == "edm")


def test_ten_thousand_atoms(tmp_path: Path, ethanol: Molecule) -> None:
    copies = 1112
    pos = np.vstack([ethanol.pos + np.array([10.0 * k, 0, 0]) for k in range(copies)])
    assert ethanol.bonds is not None
    step = np.array([ethanol.num_atoms, ethanol.num_atoms, 0])
    bonds = np.vstack([ethanol.bonds + k * step for k in range(copies)])
    large = Molecule(np.tile(ethanol.numbers, copies), pos, bonds)
    (tmp_path / "a.sdf").write_text(f"{mol_block(large)}$$$$\n{mol_block(ethanol)}$$$$\n")
    rows = list(iter_rows(tmp_path / "a.sdf", pytest.fail))
    assert [row.num_atoms for row in rows] == [10_008, 9]
    assert [row.failure for row in rows] == [None, None]
    assert rows[0].num_fragments == copies


@pytest.mark.usefixtures("small_records")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("9" * MB + "\n", "is not an atom count"),
        ("999999999999\n\n" + "C 0 0 0\n" * 60_000, "short of 999999999999 whole atom lines"),
        ("\x00\ufffd\n" * MB, "is not an atom count"),
    ],
    ids=["digits", "atoms", "bytes"],
)
def test_xyz_without_an_end_is_a_row(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "a.xyz"
    path.write_text("1\n\nC 0 0 0\n" + text)
    with memory_below(MB):
        rows, damage = rows_of(path)
    assert [row.num_atoms for row in rows] == [1, 0]
    assert reason in str(rows[1].failure)
    assert len(str(damage[0])) < 500


@pytest.mark.usefixtures("small_records")
def test_an_xyz_frame_that_is_too_large_keeps_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.xyz"
    atom = f"C 0 0 0 {'x' * MB}\n"
    path.write_text("1\n\n" + atom + "101\n\n" + atom * 2 + "C 0 0 0\n" * 99 + "1\n\nC 0 0 0\n")
    with memory_below(3 * MB):
        rows, damage = rows_of(path)
    assert [row.num_atoms for row in rows] == [1, 0, 1]
    assert rows[1].failure == "frame 2 (line 4) has 101 atoms; at most 100 are read"
    assert rows[0].defect is None
    assert damage == []
