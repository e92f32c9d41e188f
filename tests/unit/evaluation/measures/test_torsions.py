"""Torsions come by chain, in degrees, and neither mirror images nor the reading direction change them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from rdkit.Chem import rdMolTransforms

from molgen.chem import Molecule
from molgen.evaluation.measures import measure_torsions
from molgen.evaluation.measures.torsions import unsigned_torsions

Embed = Callable[[str], Molecule]


@pytest.mark.parametrize("degrees", [-180.0, -120.0, -1e-6, 0.0, 60.0, 90.0, 179.999999, 180.0])
def test_hydrogen_peroxide_turned_by_hand(degrees: float) -> None:
    turn = np.radians(degrees)
    pos = np.array([[0, 1, -0.3], [0, 0, 0], [0, 0, 1.45], [np.sin(turn), np.cos(turn), 1.7]])
    bonds = np.array([[0, 1, 1], [1, 2, 1], [2, 3, 1]])
    found = measure_torsions(Molecule(np.array([1, 8, 8, 1]), pos, bonds))
    assert found == {"H O-O H": [pytest.approx(abs(degrees), abs=1e-7)]}


def test_rdkit_finds_the_same(embed: Embed) -> None:
    molecule = embed("CC(N)CO")
    assert molecule.mol is not None
    chains = np.array([[0, 1, 3, 4], [2, 1, 3, 4], [0, 1, 3, 11]])
    conformer = molecule.mol.GetConformer()
    expected = [abs(rdMolTransforms.GetDihedralDeg(conformer, *chain)) for chain in chains.tolist()]
    assert unsigned_torsions(molecule.pos, chains) == pytest.approx(expected, abs=1e-6)


def test_mirror_image_and_order_of_atoms_have_no_say(embed: Embed) -> None:
    molecule = embed("C[C@H](N)C(=O)O")
    mirrored = replace(molecule, pos=molecule.pos * [1, 1, -1])
    assert molecule.bonds is not None
    last = molecule.num_atoms - 1
    bonds = np.column_stack([last - molecule.bonds[:, :2], molecule.bonds[:, 2]])
    reversed_ = Molecule(molecule.numbers[::-1], molecule.pos[::-1], bonds)
    expected = {kind: sorted(found) for kind, found in measure_torsions(molecule).items()}
    for other in (mirrored, reversed_):
        found = {kind: pytest.approx(sorted(found)) for kind, found in measure_torsions(other).items()}
        assert expected == found


def test_chains_about_a_straight_atom_are_left_out(embed: Embed) -> None:
    assert measure_torsions(embed("C#N")) == {}
    assert measure_torsions(embed("CC#CC")) == {}
    assert set(measure_torsions(embed("C=CO"))) == {"C C-O H", "H C=C H", "H C=C O", "H C-O H"}


def test_three_atoms_in_a_line_have_no_torsion() -> None:
    pos = np.array([[-1.0, 0, 0], [0, 0, 0], [1.4, 0, 0], [1.4, 1, 0]])
    assert np.isnan(unsigned_torsions(pos, np.array([[0, 1, 2, 3]]))).all()


def test_a_three_membered_ring_is_no_chain(embed: Embed) -> None:
    """Cyclopropane: each of its three bonds has two hydrogens at either end, and the third carbon at both."""
    counts = {kind: len(found) for kind, found in measure_torsions(embed("C1CC1")).items()}
    assert counts == {"H C-C H": 12, "C C-C H": 12}


def test_bad_molecules_have_none(extra_hydrogen: Molecule, not_finite: Molecule, no_atoms: Molecule) -> None:
    for molecule in (extra_hydrogen, not_finite, no_atoms):
        assert measure_torsions(molecule) == {}
