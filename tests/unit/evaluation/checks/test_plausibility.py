"""PoseBusters' tests each fail for the fault they are meant for, and for no other."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from rdkit import rdBase
from rdkit.Chem import rdMolTransforms

from molgen.chem import Molecule
from molgen.core.errors import ConfigError
from molgen.evaluation.checks import CellValue, check_plausibility
from molgen.evaluation.posebusters_calls import ask, posebusters_modules

Embed = Callable[[str], Molecule]

TESTS = {
    "pb_mol_pred_loaded",
    "pb_sanitization",
    "pb_inchi_convertible",
    "pb_all_atoms_connected",
    "pb_no_radicals",
    "pb_bond_lengths",
    "pb_bond_angles",
    "pb_internal_steric_clash",
    "pb_aromatic_ring_flatness",
    "pb_non_aromatic_ring_non_flatness",
    "pb_double_bond_flatness",
}


def judged(molecule: Molecule) -> dict[str, CellValue]:
    return check_plausibility(molecule, max_atoms=100)


def moved(molecule: Molecule, atoms: list[int], by: list[float]) -> Molecule:
    pos = np.array(molecule.pos)
    pos[atoms] += by
    return replace(molecule, pos=pos)


def flat(molecule: Molecule) -> Molecule:
    """Atoms projected onto the plane that fits heavy atoms best; hydrogens keep their heights."""
    pos, heavy = np.array(molecule.pos), molecule.numbers > 1
    pos -= pos[heavy].mean(axis=0)
    normal = np.linalg.svd(pos[heavy])[2][-1]
    pos[heavy] -= np.outer(pos[heavy] @ normal, normal)
    return replace(molecule, pos=pos)


def test_ethanol_passes_every_test(ethanol: Molecule) -> None:
    row = judged(ethanol)
    assert set(row) == TESTS | {"plausible", "implausible_because"}
    assert {row[name] for name in TESTS} == {True}
    assert (row["plausible"], row["implausible_because"]) == (True, None)


@pytest.fixture
def stretched(ethanol: Molecule) -> Molecule:
    along = ethanol.pos[2] - ethanol.pos[1]
    return moved(ethanol, [2, 8], (0.45 * along / np.linalg.norm(along)).tolist())


@pytest.fixture
def bent(embed: Embed) -> Molecule:
    """Propane with its two ends 1.3 angstrom apart."""
    mol = embed("CCC").mol
    rdMolTransforms.SetAngleDeg(mol.GetConformer(), 0, 1, 2, 50)
    return Molecule.from_mol(mol)


@pytest.fixture
def clash(embed: Embed) -> Molecule:
    """Hexane curled up until its ends meet."""
    mol = embed("CCCCCC").mol
    for first in range(3):
        rdMolTransforms.SetDihedralDeg(mol.GetConformer(), first, first + 1, first + 2, first + 3, 0)
    return Molecule.from_mol(mol)


@pytest.fixture
def flat_cyclohexane(embed: Embed) -> Molecule:
    return flat(embed("C1CCCCC1"))


@pytest.fixture
def puckered_benzene(embed: Embed) -> Molecule:
    benzene = embed("c1ccccc1")
    normal = np.linalg.svd(benzene.pos - benzene.pos.mean(axis=0))[2][-1]
    return moved(benzene, [0, 6], (0.8 * normal).tolist())


@pytest.fixture
def twisted_ethene(embed: Embed) -> Molecule:
    mol = embed("C=C").mol
    rdMolTransforms.SetDihedralDeg(mol.GetConformer(), 2, 0, 1, 4, 90)
    return Molecule.from_mol(mol)


@pytest.fixture
def fragments(pair: Molecule) -> Molecule:
    bonds = np.array([[0, 1, 1], [0, 2, 1], [0, 3, 1], [0, 4, 1], [5, 6, 1], [5, 7, 1]])
    return replace(pair, bonds=bonds)


@pytest.fixture
def radical(embed: Embed) -> Molecule:
    return embed("C[CH2]")


@pytest.mark.parametrize(
    ("name", "failed"),
    [
        ("stretched", "bond_lengths"),
        ("bent", "bond_angles"),
        ("clash", "internal_steric_clash"),
        ("flat_cyclohexane", "non_aromatic_ring_non_flatness"),
        ("puckered_benzene", "aromatic_ring_flatness"),
        ("twisted_ethene", "double_bond_flatness"),
        ("fragments", "all_atoms_connected"),
        ("radical", "no_radicals"),
    ],
)
def test_a_fault_fails_its_own_test_alone(name: str, failed: str, request: pytest.FixtureRequest) -> None:
    row = judged(request.getfixturevalue(name))
    assert row["implausible_because"] == failed
    assert row["plausible"] is False
    assert {test for test in TESTS if row[test] is not True} == {f"pb_{failed}"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("pair", "bonds are not known"),
        ("not_finite", "not finite"),
        ("no_atoms", "no atoms"),
        ("five_bonds", "total bond order of 5"),
    ],
)
def test_what_is_no_molecule_is_not_plausible(name: str, reason: str, request: pytest.FixtureRequest) -> None:
    row = judged(request.getfixturevalue(name))
    assert row["plausible"] is False
    assert reason in str(row["implausible_because"])
    assert {row[test] for test in TESTS} == {None}


@pytest.fixture
def five_bonds() -> Molecule:
    bonds = np.array([[0, atom, 1] for atom in range(1, 6)])
    return Molecule([6, 1, 1, 1, 1, 1], np.random.default_rng(0).normal(size=(6, 3)), bonds)


def test_an_unknown_element_is_not_computable() -> None:
    row = judged(Molecule([6, 0], [[0, 0, 0], [1, 0, 0]], [[0, 1, 1]]))
    assert row["plausible"] is None
    assert "no known element" in str(row["implausible_because"])


def test_a_molecule_that_is_too_large_is_not_computable(ethanol: Molecule) -> None:
    row = check_plausibility(ethanol, max_atoms=8)
    assert row["plausible"] is None
    assert row["implausible_because"] == "it has 9 atoms; at most 8 are looked at"


def test_a_test_that_breaks_off_is_not_a_pass(ethanol: Molecule, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(mol: object) -> dict[str, object]:
        raise ValueError("nothing to see")

    modules = [
        replace(m, function=broken) if m.name == "distance_geometry" else m for m in posebusters_modules()
    ]
    monkeypatch.setattr("molgen.evaluation.checks.plausibility.posebusters_modules", lambda: modules)
    row = judged(ethanol)
    assert row["plausible"] is row["pb_bond_lengths"] is None
    assert "pb_bond_lengths has no answer: PoseBusters breaks off with ValueError: nothing to see" in str(
        row["implausible_because"]
    )


def test_the_molecule_and_the_logs_are_left_as_they_were(
    radical: Molecule, capfd: pytest.CaptureFixture[str]
) -> None:
    before, levels = radical.mol.ToBinary(), rdBase.LogStatus()
    for module in posebusters_modules():
        ask(module.function, radical.mol)
    assert radical.mol.ToBinary() == before
    assert rdBase.LogStatus() == levels
    assert capfd.readouterr() == ("", "")


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "posebusters", None)
    with pytest.raises(ConfigError, match=r"'posebusters'.*pip install \"molgen3d\[eval\]\""):
        posebusters_modules.__wrapped__()
