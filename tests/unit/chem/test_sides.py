"""Signs that a SMILES asks for are those that RDKit's own geometries of it have."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from rdkit import Chem
from rdkit.Chem import AllChem

from molgen.chem.sides import stereo_sides
from molgen.core.handedness import Handedness

SPECIFIED = [
    "C[C@H](O)C#N",
    "C[C@@H](O)C#N",
    "F[C@](O)(C#N)C=C",
    "C[C@H]1C[C@@H](O)C1=O",
    "C/C=C/C#N",
    "C/C=C\\C#N",
    "C[C@H](F)/C=N\\O",
    "C[C@@]12C[C@@H]1N2",
]


@pytest.mark.parametrize("smiles", SPECIFIED)
def test_embedded_molecules_have_the_signs_that_are_asked(smiles: str) -> None:
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert AllChem.EmbedMolecule(mol, randomSeed=7) == 0
    sides = stereo_sides(mol)
    assert len(sides) == smiles.count("[C@") + ("/C=" in smiles)
    pos = torch.from_numpy(np.array(mol.GetConformer().GetPositions()))[None]
    hands = Handedness.of([sides], mol.GetNumAtoms())
    products = hands.shown(pos) * hands.wanted
    assert (products > 0.5).all(), products
    mirrored = hands.shown(pos * torch.tensor([1.0, 1.0, -1.0])) * hands.wanted
    assert (mirrored[~hands.planar] < 0).all() and (mirrored[hands.planar] > 0).all()


@pytest.mark.parametrize("smiles", ["CC(O)C#N", "CC=CC#N", "CCO", "c1ccccc1", "C[S@](=O)CC"])
def test_what_is_left_open_or_has_a_lone_pair_asks_for_nothing(smiles: str) -> None:
    assert stereo_sides(Chem.AddHs(Chem.MolFromSmiles(smiles))) == []


def test_what_lies_beyond_a_double_bond_turns_with_it() -> None:
    """Both substituents of the far end and all that hangs on them; nothing of the near side."""
    mol = Chem.AddHs(Chem.MolFromSmiles("F/C=C/CC#N"))
    (side,) = stereo_sides(mol)
    heavy = {index for index in side.turning if mol.GetAtomWithIdx(index).GetAtomicNum() > 1}
    assert heavy in ({3, 4, 5}, {0}) and side.atoms[3] in side.turning
    hydrogens = [i for i in side.turning if mol.GetAtomWithIdx(i).GetAtomicNum() == 1]
    assert len(hydrogens) == (3 if len(heavy) == 3 else 1)
