"""Angles come by the atom at the centre, in degrees."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from molgen.chem import Molecule
from molgen.evaluation.measures import measure_bond_angles

Embed = Callable[[str], Molecule]


@pytest.mark.parametrize("degrees", [30.0, 104.5, 179.999999, 180.0])
def test_water_bent_by_hand(degrees: float) -> None:
    turn = np.radians(degrees)
    pos = np.array([[0.96, 0, 0], [0, 0, 0], [0.96 * np.cos(turn), 0.96 * np.sin(turn), 0]])
    water = Molecule(np.array([1, 8, 1]), pos, np.array([[0, 1, 1], [1, 2, 1]]))
    assert measure_bond_angles(water) == {"O sp3": [pytest.approx(degrees, abs=1e-9)]}


def test_methane_is_a_tetrahedron() -> None:
    corners = np.array([[0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    bonds = np.array([[0, i, 1] for i in range(1, 5)])
    found = measure_bond_angles(Molecule(np.array([6, 1, 1, 1, 1]), corners, bonds))
    assert found == {"C sp3": pytest.approx([np.degrees(np.arccos(-1 / 3))] * 6)}


def test_centres_are_told_apart(embed: Embed) -> None:
    counts = {kind: len(angles) for kind, angles in measure_bond_angles(embed("C#CC(=O)NC")).items()}
    # Methyl carbon; carbonyl carbon; both alkyne carbons; the amide's nitrogen, which is flat.
    assert counts == {"C sp3": 6, "C sp2": 3, "C sp": 2, "N sp2": 3}


def test_bad_molecules_have_none(extra_hydrogen: Molecule, not_finite: Molecule, no_atoms: Molecule) -> None:
    for molecule in (extra_hydrogen, not_finite, no_atoms):
        assert measure_bond_angles(molecule) == {}
    assert measure_bond_angles(Molecule(np.array([9, 1]), np.eye(2, 3), np.array([[0, 1, 1]]))) == {}
