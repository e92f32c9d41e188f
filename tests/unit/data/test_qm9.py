"""Reading QM9's tables: a small table in qm9pack's format, made from the 200 known molecules."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from molgen.core.errors import DataError, InputError
from molgen.core.vocab import ATOMIC_NUMBERS
from molgen.data import MoleculeStore, prepare, qm9, read_store
from molgen.data.properties import PROPERTIES
from molgen.data.store import POSITION_SCALE, is_complete

SYMBOLS = {number: symbol for symbol, number in ATOMIC_NUMBERS.items()}
WATER = (np.array([8, 1, 1]), np.array([[0.0, 0.0, 0.12], [0.0, 0.76, -0.47], [0.0, -0.76, -0.47]]))

Record = dict[str, str]


def record(store: MoleculeStore, item: int) -> Record:
    """One molecule as qm9pack writes it."""
    atoms = slice(*store.atom_offsets[item : item + 2])
    symbols = [SYMBOLS[z] for z in store.numbers[atoms].tolist()]
    # As in five rows of the source, round numbers keep their point: "0." is not JSON.
    rows = [
        [f"{x * POSITION_SCALE:.10f}".rstrip("0") for x in row] for row in store.positions[atoms].tolist()
    ]
    values = store.properties[item].tolist()
    return {
        "Index": str(store.identifiers[item]),
        "SMILES": store.smiles[item].decode(),
        "N_atoms": str(len(symbols)),
        "Elements": str(symbols).replace(" ", ""),
        "XYZ_Ang": "[" + ",".join(f"[{','.join(row)}]" for row in rows) + "]",
        **{p.column: repr(v) for p, v in zip(PROPERTIES.values(), values, strict=True)},
    }


def write_table(path: Path, records: list[Record]) -> None:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(records[0]), quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    path.write_text(stream.getvalue())


@pytest.fixture
def records(store: MoleculeStore) -> list[Record]:
    return [record(store, item) for item in range(len(store))]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[list[Record]], None]:
    """Function that puts records, in two tables, in the place of qm9pack's."""

    def put(records: list[Record]) -> None:
        tables = [tmp_path / "qm9_part1.csv", tmp_path / "qm9_part2.csv"]
        write_table(tables[0], records[70:])
        write_table(tables[1], records[:70])
        for module in (qm9, prepare):
            monkeypatch.setattr(module, "source_tables", lambda: tables)
        monkeypatch.setattr(qm9, "_SPAN_BYTES", 10_000)
        for name, number in (("NUM_MOLECULES", 200), ("NUM_TRAIN", 160), ("NUM_VALIDATION", 20)):
            monkeypatch.setattr(qm9, name, number)

    return put


def test_tables_become_the_store(
    records: list[Record], install: Callable[[list[Record]], None], store: MoleculeStore
) -> None:
    """Two tables, out of order and read in many pieces, give every array back, and the split by rule."""
    install(records)
    progress: list[int] = []
    built = qm9.load_qm9(1, progress.append)
    assert sum(progress) == 200
    assert len(progress) > 5
    splits = ("train", "validation", "test")
    for name in (f.name for f in fields(MoleculeStore)):
        if name not in splits:
            np.testing.assert_array_equal(getattr(built, name), getattr(store, name), name)
            assert getattr(built, name).dtype.kind == getattr(store, name).dtype.kind
    order = np.concatenate([getattr(built, name) for name in splits])
    np.testing.assert_array_equal(order, np.random.RandomState(0).permutation(200))


def test_prepare_makes_the_folder_once(
    records: list[Record],
    install: Callable[[list[Record]], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(records)
    root = tmp_path / "qm9"
    manifest = prepare.prepare_qm9(root, workers=1)
    assert is_complete(root)
    assert manifest["split_sizes"] == {"train": 160, "validation": 20, "test": 20}
    times = {path: path.stat().st_mtime_ns for path in root.iterdir()}
    monkeypatch.setattr(prepare, "load_qm9", None)
    assert prepare.prepare_qm9(root, workers=1) == manifest
    assert {path: path.stat().st_mtime_ns for path in root.iterdir()} == times


def test_prepare_repairs_what_a_killed_run_left(
    records: list[Record], install: Callable[[list[Record]], None], tmp_path: Path
) -> None:
    install(records)
    root = tmp_path / "qm9"
    root.mkdir()
    (root / ".store.npz.12345.part").write_bytes(b"half")
    (root / "store.npz").write_bytes(b"of an older run")
    prepare.prepare_qm9(root, workers=1)
    assert is_complete(root)
    assert len(read_store(root)) == 200
    assert {path.name for path in root.iterdir()} == {"store.npz", "manifest.json"}


def test_folder_is_checked_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setattr(prepare, "load_qm9", None)
    with pytest.raises(InputError, match="cannot write"):
        prepare.prepare_qm9(tmp_path / "file" / "qm9", workers=1)


def test_missing_molecule_is_noticed(records: list[Record], install: Callable[[list[Record]], None]) -> None:
    install(records[:-1])
    with pytest.raises(DataError, match="expected 200 QM9 molecules, found 199"):
        qm9.load_qm9(1)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("SMILES", "C1CC", "RDKit cannot read the SMILES 'C1CC'"),
        ("SMILES", "CCCCCCCCCCCC", "does not have the connectivity of its SMILES"),
        ("N_atoms", "4", "reinstall qm9pack"),
        ("XYZ_Ang", "[[0.,0.,0.]]", "reinstall qm9pack"),
    ],
)
def test_row_that_contradicts_itself_is_refused(
    records: list[Record],
    install: Callable[[list[Record]], None],
    column: str,
    value: str,
    message: str,
) -> None:
    assert records[0]["SMILES"] == "C"
    records[0][column] = value
    install(records)
    with pytest.raises(DataError, match=message):
        qm9.load_qm9(1)


def test_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DataError, match="pip install qm9pack"):
        qm9.source_tables()


def test_hydrogens_may_stand_anywhere() -> None:
    """File order of heavy atoms counts; hydrogens go to their nearest heavy atom."""
    numbers, pos = WATER
    far = pos + np.array([5.0, 0.0, 0.0])
    both_numbers = np.concatenate([numbers[[1]], numbers[[0]], numbers[[0, 2]], numbers[[1]]])
    both = np.stack([pos[1], pos[0], far[0], far[2], pos[2]])
    # Two waters with one hydrogen missing from the second: hydroxide, charge -1.
    bonds, charges = qm9.bonds_from_smiles("O.[OH-]", both_numbers, both)
    assert {tuple(sorted(b[:2])) for b in bonds.tolist()} == {(0, 1), (1, 4), (2, 3)}
    assert bonds[:, 2].tolist() == [1, 1, 1]
    assert charges.tolist() == [0, 0, -1, 0, 0]


def test_order_of_the_smiles_yields_to_the_geometry() -> None:
    """Where pairing in order would make a very long bond, the graph is matched instead."""
    numbers = np.array([6, 6, 6, *[1] * 8])
    carbon = np.array([[0.0, 0.0, 0.0], [2.5, 0.0, 0.0], [1.25, 0.87, 0.0]])  # the middle one stands last
    hydrogens = [carbon[0] + d for d in ([-0.6, -0.6, 0.7], [-0.6, -0.6, -0.7], [-0.6, 0.9, 0.0])] + [
        carbon[1] + d for d in ([0.6, -0.6, 0.7], [0.6, -0.6, -0.7], [0.6, 0.9, 0.0])
    ]
    middle = [carbon[2] + d for d in ([0.0, 0.65, 0.88], [0.0, 0.65, -0.88])]
    pos = np.vstack([carbon, hydrogens, middle])
    bonds, charges = qm9.bonds_from_smiles("CCC", numbers, pos)
    heavy = {tuple(sorted(b[:2])) for b in bonds.tolist() if max(b[:2]) < 3}
    assert heavy == {(0, 2), (1, 2)}
    assert len(bonds) == 10
    assert not charges.any()
