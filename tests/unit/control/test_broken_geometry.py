"""Geometries that bonds allow: bent centres are bent, straight ones may be straight."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from molgen.chem.conformers import embed
from molgen.chem.molecule import Molecule
from molgen.control import ConformerRequest
from molgen.control.geometry import bent_away, bond_angles, broken_geometry


def straightened(molecule: Molecule, end: int, centre: int, other: int) -> Molecule:
    """The molecule with a terminal atom moved so that it lies opposite another."""
    pos = np.array(molecule.pos)
    away = pos[centre] - pos[other]
    pos[end] = pos[centre] + away / np.linalg.norm(away) * np.linalg.norm(pos[end] - pos[centre])
    return replace(molecule, pos=pos)


def test_a_straight_bond_at_a_bent_centre_is_an_objection() -> None:
    diazene = embed("N=N")
    straight = straightened(diazene, 2, 0, 1)
    assert broken_geometry(diazene) is None
    assert broken_geometry(straight) == "the angle N2-N1-H3 is 180 degrees where the bonds are bent"
    assert ConformerRequest("N=N").objection(straight) == broken_geometry(straight)
    peroxide = embed("OO")
    assert broken_geometry(peroxide) is None
    assert "the angle O2-O1-H3 is 180" in str(broken_geometry(straightened(peroxide, 2, 0, 1)))


@pytest.mark.parametrize("smiles", ["CC#CC", "C=C=C", "C#N", "CN=[N+]=[N-]", "O=C=O", "CN=C=O", "C#[N+]C"])
def test_centres_of_triple_and_cumulated_bonds_may_be_straight(smiles: str) -> None:
    assert broken_geometry(embed(smiles)) is None


def test_the_nitrogen_of_an_isocyanate_may_be_straight() -> None:
    acid = embed("N=C=O")
    assert broken_geometry(straightened(acid, 3, 0, 1)) is None


def test_oxygen_between_atoms_beyond_the_known_elements_is_not_judged() -> None:
    numbers, bonds = np.array([14, 8, 14]), np.array([[0, 1, 1], [1, 2, 1]])
    line = np.array([[-1.6, 0, 0], [0, 0, 0], [1.6, 0, 0]])
    assert broken_geometry(Molecule(numbers, line, bonds)) is None
    ether = Molecule(np.array([6, 8, 6]), line * 0.9, bonds)
    assert "the angle C1-O2-C3 is 180 degrees" in str(broken_geometry(ether))


def test_angles_are_those_between_bonds() -> None:
    water = Molecule(
        np.array([8, 1, 1]), np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]]), np.array([[1, 0, 1], [0, 2, 1]])
    )
    atoms, angles = bond_angles(water)
    assert atoms.tolist() == [[1, 0, 2]] and angles == pytest.approx([90.0])
    opened = replace(water, pos=np.array([[0, 0, 0], [1, 0, 0], [-0.5, 0.75**0.5, 0]]))
    assert bent_away(water, opened, 31.0) is None
    assert bent_away(water, opened, 29.0) == "the angle H2-O1-H3 went from 90 to 120 degrees"
    hydrogen = embed("[H][H]")
    assert bent_away(hydrogen, hydrogen, 0.0) is None
