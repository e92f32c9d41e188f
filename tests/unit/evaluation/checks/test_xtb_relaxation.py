"""GFN2-xTB relaxation releases what tblite itself says between the two geometries."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from molgen.chem import Molecule
from molgen.core.errors import ConfigError
from molgen.evaluation.checks import CellValue, check_xtb_relaxation
from molgen.evaluation.checks.xtb_relaxation import _require_libraries

BOHR = 0.529177210544
"""Angstrom."""

HARTREE = 627.509474
"""kcal/mol."""

WATER = Molecule([8, 1, 1], [[0, 0, 0], [1.1, 0, 0], [-0.4, 0.85, 0]], [[0, 1, 1], [0, 2, 1]])


def relaxed(molecule: Molecule, max_steps: int = 500) -> dict[str, CellValue]:
    return check_xtb_relaxation(molecule, max_force=0.05, max_steps=max_steps, max_atoms=100)


def single_point(molecule: Molecule, pos: np.ndarray) -> tuple[float, np.ndarray]:
    """Energy in hartree and gradient in hartree/bohr at ``pos`` in bohr, by tblite without ASE."""
    from tblite.interface import Calculator

    calculator = Calculator("GFN2-xTB", molecule.numbers, pos.reshape(-1, 3))
    calculator.set("verbosity", 0)
    result = calculator.singlepoint()
    return result.get("energy"), result.get("gradient").ravel()


def test_a_distorted_water_releases_the_energy_between_two_single_points() -> None:
    row = relaxed(WATER)
    start = WATER.pos.ravel() / BOHR
    end = minimize(
        lambda pos: single_point(WATER, pos), start, jac=True, method="BFGS", options={"gtol": 1e-4}
    )
    expected = (single_point(WATER, start)[0] - single_point(WATER, end.x)[0]) * HARTREE
    assert expected > 5
    assert row["xtb_energy"] == pytest.approx(expected, abs=0.05)
    assert (row["xtb_converged"], row["xtb_problem"]) == (True, None)


def test_heavy_atoms_are_superposed(ethanol: Molecule) -> None:
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    row, turned = relaxed(ethanol), relaxed(replace(ethanol, pos=ethanol.pos @ turn.T + [3.0, 1.0, -2.0]))
    assert 0.001 < row["xtb_rmsd"] < 0.1
    assert turned["xtb_rmsd"] == pytest.approx(row["xtb_rmsd"], abs=1e-3)
    assert turned["xtb_energy"] == pytest.approx(row["xtb_energy"], abs=1e-2)


def test_one_heavy_atom_does_not_move_and_none_has_no_distance() -> None:
    hydrogen = Molecule([1, 1], [[0, 0, 0], [0.8, 0, 0]], [[0, 1, 1]])
    assert relaxed(WATER)["xtb_rmsd"] == 0
    assert relaxed(hydrogen)["xtb_rmsd"] is None
    assert relaxed(hydrogen)["xtb_energy"] > 0


@pytest.mark.parametrize("smiles", ["[NH4+]", "CC(=O)[O-]", "[CH3]", "[CH2][CH2]"])
def test_ions_and_radicals_are_relaxed(smiles: str, embed: Callable[[str], Molecule]) -> None:
    row = relaxed(embed(smiles))
    assert row["xtb_problem"] is None
    assert row["xtb_energy"] >= 0


def test_the_step_limit_is_told() -> None:
    row = relaxed(WATER, max_steps=1)
    assert row["xtb_converged"] is False
    assert 0 < row["xtb_energy"] < relaxed(WATER)["xtb_energy"]


@pytest.mark.parametrize(
    ("molecule", "reason"),
    [
        (Molecule([6, 0], [[0, 0, 0], [1, 0, 0]], [[0, 1, 1]]), "no known element"),
        (Molecule([17, 95], [[0, 0, 0], [2, 0, 0]], [[0, 1, 1]]), "No support for elements"),
        (Molecule([17, 26], [[0, 0, 0], [2, 0, 0]], [[0, 1, 1]]), "0 electrons unpaired, which 43 electrons"),
        (Molecule([8, 8], [[0, 0, 0], [2.1, 0, 0]], [[0, 1, 1]]), "kcal/mol higher than it began"),
        (Molecule([1, 1], [[0, 0, 0], [1, 0, 0]]), "bonds are not known"),
        (Molecule([8, 1, 1], np.zeros((3, 3)), [[0, 1, 1], [0, 2, 1]]), "Too close"),
        (Molecule([1] * 101, np.zeros((101, 3))), "at most 100 are looked at"),
        (Molecule([], np.zeros((0, 3)), np.zeros((0, 3))), "no atoms"),
    ],
)
def test_there_is_a_reason_where_there_is_no_energy(molecule: Molecule, reason: str) -> None:
    row = relaxed(molecule)
    assert (row["xtb_energy"], row["xtb_rmsd"], row["xtb_converged"]) == (None, None, None)
    assert reason in str(row["xtb_problem"])


def test_a_missing_library_is_named_and_the_environment_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tblite.ase", None)
    before = dict(os.environ)
    with pytest.raises(ConfigError, match=r"'tblite.ase'.*pip install \"molgen3d\[eval\]\""):
        _require_libraries.__wrapped__()
    assert dict(os.environ) == before
