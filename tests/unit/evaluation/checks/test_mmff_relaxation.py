"""MMFF94 relaxation releases what RDKit's own single points say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdForceFieldHelpers

from molgen.chem import Molecule
from molgen.evaluation.checks import CellValue, check_mmff_relaxation


def relaxed(molecule: Molecule, max_steps: int = 1000) -> dict[str, CellValue]:
    return check_mmff_relaxation(molecule, max_steps, max_atoms=100)


def energy(mol: Chem.Mol) -> float:
    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(mol)
    return float(rdForceFieldHelpers.MMFFGetMoleculeForceField(mol, properties).CalcEnergy())


@pytest.fixture
def rattled(ethanol: Molecule) -> Molecule:
    noise = np.random.default_rng(3).normal(scale=0.05, size=ethanol.pos.shape)
    return replace(ethanol, pos=ethanol.pos + noise)


def test_the_energy_between_two_single_points(rattled: Molecule) -> None:
    row, mol = relaxed(rattled), Chem.Mol(rattled.mol)
    before = energy(mol)
    assert rdForceFieldHelpers.MMFFOptimizeMolecule(mol, maxIters=1000) == 0
    assert row["mmff_energy"] == pytest.approx(before - energy(mol), abs=1e-3)
    assert row["mmff_energy"] > 5
    assert 0.01 < row["mmff_rmsd"] < 0.2
    assert (row["mmff_converged"], row["mmff_problem"]) == (True, None)


def test_a_relaxed_molecule_releases_nothing(embed: Callable[[str], Molecule]) -> None:
    row = relaxed(embed("CCO"))
    assert 0 <= row["mmff_energy"] < 0.01
    assert row["mmff_rmsd"] < 0.01


def test_the_step_limit_is_told(rattled: Molecule) -> None:
    row = relaxed(rattled, max_steps=1)
    assert row["mmff_converged"] is False
    assert 0 < row["mmff_energy"] < relaxed(rattled)["mmff_energy"]


@pytest.mark.parametrize(
    ("molecule", "reason"),
    [
        (Molecule([6, 0], [[0, 0, 0], [1, 0, 0]], [[0, 1, 1]]), "no known element"),
        (Molecule([9, 54, 9], [[-2, 0, 0], [0, 0, 0], [2, 0, 0]], [[0, 1, 1], [1, 2, 1]]), "no parameters"),
        (Molecule([1, 1], [[0, 0, 0], [1, 0, 0]]), "bonds are not known"),
        (Molecule([8, 1, 1], np.zeros((3, 3)), [[0, 1, 1], [0, 2, 1]]), "finite"),
        (Molecule([8, 1, 1], 1e200 * np.eye(3), [[0, 1, 1], [0, 2, 1]]), "finite"),
        (Molecule([1] * 101, np.zeros((101, 3))), "at most 100 are looked at"),
    ],
)
def test_there_is_a_reason_where_there_is_no_energy(molecule: Molecule, reason: str) -> None:
    row = relaxed(molecule)
    assert (row["mmff_energy"], row["mmff_rmsd"], row["mmff_converged"]) == (None, None, None)
    assert reason in str(row["mmff_problem"])
