"""Bond lengths come by type, and a Kekule structure has no say in the type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from molgen.chem import Molecule
from molgen.evaluation.measures import measure_bond_lengths

Embed = Callable[[str], Molecule]


def test_lengths_of_a_molecule_made_by_hand() -> None:
    """Formaldehyde: the double bond of 1.2 angstrom, both C-H of 1.1."""
    pos = np.array([[0, 0, 0], [1.2, 0, 0], [0, 1.1, 0], [0, 0, 1.1]])
    molecule = Molecule(np.array([6, 8, 1, 1]), pos, np.array([[1, 0, 2], [0, 2, 1], [3, 0, 1]]))
    assert measure_bond_lengths(molecule) == {"C=O": [1.2], "C-H": [1.1, 1.1]}


def test_types_are_named_in_alphabetical_order(embed: Embed) -> None:
    kinds = {kind: len(lengths) for kind, lengths in measure_bond_lengths(embed("N#CC=CO")).items()}
    assert kinds == {"C#N": 1, "C-C": 1, "C=C": 1, "C-O": 1, "C-H": 2, "H-O": 1}


@pytest.mark.parametrize("smiles", ["c1ccccc1O", "c1cc[nH]c1", "c1ccncc1C", "c1ccc2ccccc2c1"])
def test_either_kekule_structure_gives_aromatic_bonds(embed: Embed, smiles: str) -> None:
    molecule = embed(smiles)
    assert molecule.bonds is not None and molecule.mol is not None
    ring = [b.GetIdx() for b in molecule.mol.GetBonds() if b.GetIsAromatic()]
    assert ring
    other = np.array(molecule.bonds)
    pairs = {(min(i, j), max(i, j)): row for row, (i, j, _) in enumerate(other.tolist())}
    mol_pairs = [molecule.mol.GetBondWithIdx(b) for b in ring]
    rows = [pairs[tuple(sorted((b.GetBeginAtomIdx(), b.GetEndAtomIdx())))] for b in mol_pairs]
    measured = measure_bond_lengths(molecule)
    assert sum(len(lengths) for kind, lengths in measured.items() if ":" in kind) == len(ring)
    if smiles == "c1ccccc1O":
        # Benzene's ring alternates, so exchanging single and double bonds is its other Kekule structure.
        other[rows, 2] = 3 - other[rows, 2]
        assert measure_bond_lengths(replace(molecule, bonds=other)) == measured


def test_bad_molecules_have_none(extra_hydrogen: Molecule, not_finite: Molecule, no_atoms: Molecule) -> None:
    for molecule in (extra_hydrogen, not_finite, no_atoms):
        assert measure_bond_lengths(molecule) == {}
    assert measure_bond_lengths(Molecule(np.array([6, 1]), np.zeros((2, 3)))) == {}


def test_absurd_coordinates_give_no_length_rather_than_an_infinite_one() -> None:
    molecule = Molecule(np.array([1, 1]), np.array([[1e200, 0, 0], [-1e200, 0, 0]]), np.array([[0, 1, 1]]))
    assert molecule.failure is None
    assert measure_bond_lengths(molecule) == {}
