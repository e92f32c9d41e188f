"""Stereochemistry: what is written is found in space, whatever the atoms' order, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem

from molgen.chem.conformers import embed
from molgen.chem.molecule import Molecule
from molgen.chem.stereo import Stereo, mirrored, shown_smiles

R, S = "C[C@@H](O)F", "C[C@H](O)F"
CASES = [
    # asked, shown in space, alike, its mirror image alike
    (S, S, True, False),
    (S, R, False, True),
    ("CC(O)F", R, True, True),
    ("F/C=C/F", "F/C=C/F", True, True),
    ("F/C=C/F", "F/C=C\\F", False, False),
    ("FC=CF", "F/C=C\\F", True, True),
    ("C/C=N/O", "C/C=N\\O", False, False),
    ("[H]/N=C/C", "[H]/N=C/C", True, True),
    ("[H]/N=C/C", "[H]/N=C\\C", False, False),
    ("CC[S@](C)=O", "CC[S@@](C)=O", False, True),
    # rings whose centres have no R and S
    ("C[C@H]1CC[C@@H](C)CC1", "C[C@H]1CC[C@@H](C)CC1", True, True),
    ("C[C@H]1CC[C@@H](C)CC1", "C[C@H]1CC[C@H](C)CC1", False, False),
    # meso forms are their own mirror images, the others are not
    ("C[C@H](O)C[C@@H](C)O", "C[C@H](O)C[C@@H](C)O", True, True),
    ("C[C@H](O)C[C@H](C)O", "C[C@H](O)C[C@H](C)O", True, False),
    ("C[C@H](O)C[C@H](C)O", "C[C@H](O)C[C@@H](C)O", False, False),
    # pseudoasymmetric centres
    ("C[C@H](O)[C@@H](F)[C@@H](C)O", "C[C@H](O)[C@@H](F)[C@@H](C)O", True, True),
    ("C[C@H](O)[C@@H](F)[C@@H](C)O", "C[C@H](O)[C@H](F)[C@@H](C)O", False, False),
    # one centre is specified, the other is free
    ("CC(O)C[C@H](C)F", "C[C@H](O)C[C@H](C)F", True, False),
    ("CC(O)C[C@H](C)F", "C[C@@H](O)C[C@H](C)F", True, False),
]


def asked(smiles: str) -> Stereo:
    return Stereo(Chem.AddHs(Chem.MolFromSmiles(smiles)))


def shuffled(molecule: Molecule) -> Molecule:
    """The same molecule with its atoms in another order."""
    order = np.random.default_rng(3).permutation(molecule.num_atoms)
    assert molecule.bonds is not None
    place = np.argsort(order)
    bonds = np.column_stack([place[molecule.bonds[:, :2]], molecule.bonds[:, 2]])
    return Molecule(molecule.numbers[order], molecule.pos[order], bonds)


@pytest.mark.parametrize(("written", "shown", "alike", "image_alike"), CASES)
def test_what_is_written_is_found_in_space(written: str, shown: str, alike: bool, image_alike: bool) -> None:
    stereo, molecule = asked(written), shuffled(embed(shown))
    assert stereo.shown_by(molecule) is alike
    assert stereo.shown_by(mirrored(molecule)) is image_alike


@pytest.mark.parametrize(("written", "shown", "alike", "image_alike"), CASES)
def test_only_a_cure_is_taken(written: str, shown: str, alike: bool, image_alike: bool) -> None:
    stereo, molecule = asked(written), embed(shown)
    turned = stereo.towards(molecule)
    expected = mirrored(molecule) if image_alike and not alike else molecule
    assert np.array_equal(turned.pos, expected.pos)
    assert (stereo.objection(turned) is None) is (alike or image_alike)


def test_an_objection_names_both() -> None:
    objection = asked("F/C=C/F").objection(embed("F/C=C\\F"))
    assert objection == "its stereochemistry is F/C=C\\F, where F/C=C/F was asked"


def test_a_flat_centre_has_no_hand() -> None:
    molecule = embed(S)
    flat = Molecule(molecule.numbers, molecule.pos * [1, 1, 0], molecule.bonds)
    assert not asked(S).shown_by(flat)


def test_shown_smiles() -> None:
    assert shown_smiles(embed(R)) == Chem.CanonSmiles(R)
    assert shown_smiles(mirrored(embed(R))) == Chem.CanonSmiles(S)
    assert shown_smiles(embed("no")) is None
