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
    "C[S@](=O)CC",
    "C[C@@]12C[C@@H]1N2",
]


@pytest.mark.parametrize("smiles", SPECIFIED)
def test_embedded_molecules_have_the_signs_that_are_asked(smiles: str) -> None:
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert AllChem.EmbedMolecule(mol, randomSeed=7) == 0
    sides = stereo_sides(mol)
    assert len(sides) == sum(smiles.count(mark) for mark in ("[C@", "[S@")) + ("/C=" in smiles)
    pos = torch.from_numpy(np.array(mol.GetConformer().GetPositions()))[None]
    hands = Handedness.of([sides])
    products = hands.shown(pos) * hands.wanted
    assert (products > 0.5).all(), products
    mirrored = hands.shown(pos * torch.tensor([1.0, 1.0, -1.0])) * hands.wanted
    assert (mirrored[~hands.planar] < 0).all() and (mirrored[hands.planar] > 0).all()


@pytest.mark.parametrize("smiles", ["CC(O)C#N", "CC=CC#N", "CCO", "c1ccccc1"])
def test_what_is_left_open_asks_for_nothing(smiles: str) -> None:
    assert stereo_sides(Chem.AddHs(Chem.MolFromSmiles(smiles))) == []
