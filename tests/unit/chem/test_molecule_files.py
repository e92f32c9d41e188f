"""Files: what goes in comes out, failures stay rows, damage is an error, and nothing is half written."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdkit import Chem

from molgen.chem import Molecule, mol_block, perceive_bonds, read_molecules, write_molecules
from molgen.core.errors import InputError

SUFFIXES = ["sdf", "xyz", "npz"]


@pytest.fixture
def mixed(methane: Molecule, kekule_benzene: Molecule) -> list[Molecule]:
    """Two good molecules, and one of every kind of failure."""
    too_many = Molecule(np.array([6, *[1] * 5]), np.eye(6, 3), np.array([[0, k, 1] for k in range(1, 6)]))
    lost = Molecule(np.array([8, 1]), np.array([[0, 0, 0], [np.nan, 0, np.inf]]), np.array([[0, 1, 1]]))
    empty = Molecule(np.zeros(0, dtype=int), np.zeros((0, 3)))
    tangled = Molecule(np.array([6, 6]), np.eye(2, 3), np.array([[0, 1, 1], [1, 0, 1]]))
    return [*perceive_bonds([methane]), too_many, lost, empty, tangled, *perceive_bonds([kekule_benzene])]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_row_comes_back(mixed: list[Molecule], tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"molecules.{suffix}"
    write_molecules(mixed, path)
    back = read_molecules(path)
    assert len(back) == len(mixed)
    for before, after in zip(mixed, back, strict=True):
        assert before.numbers.tolist() == after.numbers.tolist()
        finite = np.isfinite(before.pos).all(axis=1)
        assert (np.isfinite(after.pos).all(axis=1) == finite).all()
        assert np.allclose(before.pos[finite], after.pos[finite], atol=6e-5)
    assert os.listdir(tmp_path) == [path.name]


def test_sdf_keeps_chemistry_and_failures(mixed: list[Molecule], tmp_path: Path) -> None:
    path = tmp_path / "molecules.sdf"
    write_molecules(mixed, path)
    back = read_molecules(path)
    assert [m.smiles for m in back] == ["C", None, None, None, None, "c1ccccc1"]
    assert [m.record["valid"] for m in back] == [1, 0, 0, 0, 0, 1]
    assert [m.record.get("failure") for m in back] == [m.failure for m in mixed]
    assert [m.failure for m in back] == [m.failure for m in mixed]
    # Two bonds between one pair cannot be held by the format, so that block has none.
    rows = [None if m.bonds is None else m.bonds.tolist() for m in (*mixed[:4], *mixed[5:])]
    assert [m.bonds.tolist() for m in (*back[:4], *back[5:]) if m.bonds is not None] == [
        r or [] for r in rows
    ]


def test_any_toolkit_reads_our_sdf_without_sanitisation(mixed: list[Molecule], tmp_path: Path) -> None:
    path = tmp_path / "molecules.sdf"
    write_molecules(mixed, path)
    read = list(Chem.SDMolSupplier(str(path), sanitize=False, removeHs=False, strictParsing=True))
    assert [mol.GetNumAtoms() for mol in read] == [m.num_atoms for m in mixed]
    plain = list(Chem.SDMolSupplier(str(path)))
    assert Chem.MolToSmiles(plain[-1]) == "c1ccccc1" == plain[-1].GetProp("smiles")


def test_radicals_charges_and_data_fields_survive(tmp_path: Path) -> None:
    pos = np.random.default_rng(0).normal(size=(4, 3))
    rows = np.array([[0, 1, 1], [0, 2, 1], [0, 3, 1]])
    record: dict[str, str | float | int] = {
        "name": "first",
        "seed": 7,
        "energy": -1.5,
        "note": "two\n\nlines",
        "odd <key>": "x",
    }
    molecule = Molecule(np.array([6, 1, 1, 8]), pos, rows, np.array([0, 0, 0, -1]), record=record)
    write_molecules([molecule], tmp_path / "a.sdf")
    (back,) = read_molecules(tmp_path / "a.sdf")
    assert back.smiles == molecule.smiles == "[CH2][O-]"
    kept = {name: back.record[name] for name in ("name", "seed", "energy", "note", "odd (key)")}
    assert kept == {"name": "first", "seed": 7, "energy": -1.5, "note": "two\nlines", "odd (key)": "x"}
    write_molecules([back], tmp_path / "b.sdf")
    assert (tmp_path / "b.sdf").read_text() == (tmp_path / "a.sdf").read_text()


def test_aromatic_bonds_of_others_are_kekulised(tmp_path: Path, kekule_benzene: Molecule) -> None:
    (molecule,) = perceive_bonds([kekule_benzene])
    assert molecule.mol is not None
    aromatic = Chem.MolToMolBlock(molecule.mol, kekulize=False)
    assert "  1  2  4" in aromatic
    (tmp_path / "a.sdf").write_text(aromatic + "$$$$\n")
    (back,) = read_molecules(tmp_path / "a.sdf")
    assert back.smiles == "c1ccccc1"
    assert back.bonds is not None
    assert sorted(back.bonds[:, 2].tolist()) == [1] * 9 + [2] * 3


def test_a_ring_that_cannot_be_kekulised_is_a_failure(tmp_path: Path, kekule_benzene: Molecule) -> None:
    carbons = Molecule(kekule_benzene.numbers[:5], kekule_benzene.pos[:5])
    rows = np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 4, 4], [0, 4, 4]])
    write_molecules([Molecule(carbons.numbers, carbons.pos, rows)], tmp_path / "a.sdf")
    (back,) = read_molecules(tmp_path / "a.sdf")
    assert back.failure is not None
    assert "order 4" in back.failure


def test_an_sdf_record_nobody_can_parse_keeps_its_place(tmp_path: Path, mixed: list[Molecule]) -> None:
    good = mol_block(mixed[0]) + "$$$$\n"
    path = tmp_path / "a.sdf"
    path.write_text(good + "\n\n\nnonsense\nM  END\n$$$$\n" + good)
    first, second, third = read_molecules(path)
    assert (first.smiles, third.smiles) == ("C", "C")
    assert (
        second.failure
        == f"record 2 (line {good.count(chr(10)) + 1}) cannot be parsed as a V2000 or V3000 block"
    )


@pytest.mark.parametrize("keep", [0.35, 0.6, 0.95])
@pytest.mark.parametrize("suffix", ["sdf", "npz"])
def test_a_truncated_file_is_an_error(
    mixed: list[Molecule], tmp_path: Path, suffix: str, keep: float
) -> None:
    path = tmp_path / f"a.{suffix}"
    write_molecules(mixed, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(InputError, match=r"a\.(sdf|npz)"):
        read_molecules(path)


@pytest.mark.parametrize(
    "lost", ["C 0 0 0\nC 0 0 1", "\nC 0 0 1", "0 1", "0 0 0\nC 0 0 1", "kept\nC 0 0 0\nC 0 0 1"]
)
def test_a_truncated_xyz_says_where(tmp_path: Path, lost: str) -> None:
    path = tmp_path / "a.xyz"
    path.write_text("1\nfirst\nC 0 0 0\n2\nkept\nC 0 0 0\nC 0 0 1".removesuffix(lost))
    with pytest.raises(InputError, match=r"a\.xyz, frame 2 \(line 4\).*1 complete"):
        read_molecules(path)


def test_a_truncated_sdf_says_where(mixed: list[Molecule], tmp_path: Path) -> None:
    path = tmp_path / "a.sdf"
    write_molecules(mixed[:3], path)
    text = path.read_text()
    path.write_text(text[: text.rindex("M  END")])
    line = text[: text.rindex("$$$$", 0, -5)].count("\n") + 2
    with pytest.raises(InputError, match=rf"record 3 \(line {line}\).*2 complete"):
        read_molecules(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_an_empty_file_is_an_error(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"no molecule|NPZ"):
        read_molecules(path)


def test_no_molecules_in_arrays_is_an_error(tmp_path: Path) -> None:
    write_molecules([], tmp_path / "a.npz")
    with pytest.raises(InputError, match="no molecule"):
        read_molecules(tmp_path / "a.npz")


def test_xyz_atom_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.xyz"
    path.write_text(
        "2\nwater, almost\n8 0 0 0\nH 0 0 .96 0.417\n\n"
        "2\n\nXx 0 0 0\nh 0 0 1\n"
        "1\nlost\nC 0 0 far\n"
        "1\nshort\nC 0 0\n"
        "1\nheavy\n99999999999999999999 0 0 0\n"
    )  # fmt: skip
    water, unknown, lost, short, heavy = read_molecules(path)
    assert water.numbers.tolist() == [8, 1]
    assert water.pos[1].tolist() == [0, 0, 0.96]
    assert dict(water.record) == {"comment": "water, almost"}
    assert unknown.failure == "line 8: 'Xx' is not an element"
    assert unknown.numbers.tolist() == [0, 1]
    assert lost.failure is not None
    assert lost.failure.startswith("line 12:")
    assert (lost.num_atoms, short.num_atoms) == (1, 1)
    assert heavy.failure == "line 18: '99999999999999999999' is not an element"
    assert short.failure == "line 15: 'C 0 0' is not an element and three coordinates"


def test_xyz_count_line_must_be_a_number(tmp_path: Path) -> None:
    path = tmp_path / "a.xyz"
    path.write_text("1\n\nC 0 0 0\ntwo\n\nC 0 0 0\nC 0 0 1\n")
    with pytest.raises(InputError, match=r"frame 2 \(line 4\): 'two'"):
        read_molecules(path)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, 2**32 - 1), st.lists(st.integers(0, 6), min_size=1, max_size=5), st.sampled_from(SUFFIXES)
)
def test_round_trip_of_random_atoms(tmp_path: Path, seed: int, sizes: list[int], suffix: str) -> None:
    rng = np.random.default_rng(seed)
    molecules = [Molecule(rng.integers(1, 119, n), rng.normal(scale=5, size=(n, 3))) for n in sizes]
    path = tmp_path / f"a.{suffix}"
    write_molecules(molecules, path)
    for before, after in zip(molecules, read_molecules(path), strict=True):
        assert before.numbers.tolist() == after.numbers.tolist()
        assert np.allclose(before.pos, after.pos, atol=6e-5)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"z": np.ones((2, 3), int), "x": np.zeros((2, 3, 3))}, r"lacks \['n'\]"),
        ({"z": np.ones((2, 3), int), "x": np.zeros((2, 4, 3)), "n": np.ones(2, int)}, r"x \(2, 4, 3\)"),
        ({"z": np.ones((2, 3)), "x": np.zeros((2, 3, 3)), "n": np.ones(2, int)}, "z .* float64"),
        ({"z": np.ones((2, 3), int), "x": np.zeros((2, 3, 3)), "n": np.array([1, 4])}, "counts 1 to 4"),
        ({"z": np.array([[None]]), "x": np.zeros((1, 1, 3)), "n": np.ones(1, int)}, "damaged"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    np.savez(tmp_path / "a.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=message):
        read_molecules(tmp_path / "a.npz")


def test_unknown_suffix_and_missing_file_name_what_is_accepted(tmp_path: Path, methane: Molecule) -> None:
    with pytest.raises(InputError, match=r"'\.pdb'.*\.sdf, \.xyz, \.npz"):
        read_molecules(tmp_path / "a.pdb")
    with pytest.raises(InputError, match=r"'\.mol2'.*\.sdf"):
        write_molecules([methane], tmp_path / "a.mol2")
    for suffix in SUFFIXES:
        with pytest.raises(InputError, match=f"missing.{suffix}"):
            read_molecules(tmp_path / f"missing.{suffix}")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    mixed: list[Molecule], tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_text("old")

    def full_disk() -> Iterator[Molecule]:
        yield mixed[0]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(InputError, match="No space left"):
        write_molecules(full_disk(), path)
    with pytest.raises(InputError, match="cannot write"):
        write_molecules(mixed, path / f"below.{suffix}")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == [path.name]
