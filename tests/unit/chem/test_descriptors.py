"""Descriptors agree with known molecules and do not depend on how hydrogens are written."""

from __future__ import annotations

import pytest
from rdkit import Chem

from molgen.chem.descriptors import DESCRIPTORS, describe


def test_benzene_and_phenol() -> None:
    """Published tables: TPSA of phenol 20.23 (Ertl 2000); Wildman-Crippen logP of benzene 1.6866."""
    benzene, phenol = (describe(Chem.MolFromSmiles(s)) for s in ("c1ccccc1", "Oc1ccccc1"))
    assert set(benzene) == set(DESCRIPTORS)
    assert benzene["logp"] == pytest.approx(1.6866, abs=1e-4)
    assert (benzene["tpsa"], benzene["rings"]) == (0, 1)
    assert phenol["tpsa"] == pytest.approx(20.23)
    assert 0 < benzene["qed"] < 1
    assert 1 <= benzene["sa"] < 2


def test_hydrogens_do_not_matter() -> None:
    mol = Chem.MolFromSmiles("CC(=O)Nc1ccc(O)cc1")
    assert describe(Chem.AddHs(mol)) == pytest.approx(describe(mol))


def test_a_cage_is_hard_to_make() -> None:
    cubane, ethanol = (describe(Chem.MolFromSmiles(s)) for s in ("C12C3C4C1C5C2C3C45", "CCO"))
    assert cubane["sa"] > ethanol["sa"] + 1
    assert cubane["rings"] == 6  # symmetrised: all faces count


def test_stereochemistry_does_not_matter() -> None:
    """Training labels are of constitutions; SA counts centres, and imines keep a hydrogen for its side."""
    for smiles in ("[H]/N=C(/C)C1CC1", "C[C@H](O)[C@@H](F)C", "C/C=C/C"):
        mol = Chem.MolFromSmiles(smiles)
        flat = Chem.MolFromSmiles(Chem.MolToSmiles(mol, isomericSmiles=False))
        expected = describe(Chem.RemoveAllHs(flat))
        assert describe(Chem.AddHs(mol)) == pytest.approx(expected), smiles
