"""Stability by own bonds: one total order for each element and charge, and three verdicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from molgen.chem import Molecule
from molgen.chem.tables import VALENCES
from molgen.evaluation.checks import check_bonded_stability

NEUTRAL_ELECTRONS = {
    "B": 3,
    "C": 4,
    "N": 5,
    "O": 6,
    "F": 7,
    "Si": 4,
    "P": 5,
    "S": 6,
    "Cl": 7,
    "Br": 7,
    "I": 7,
}


def from_smiles(smiles: str) -> Molecule:
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert rdDistGeom.EmbedMolecule(mol, randomSeed=4) == 0
    return Molecule.from_mol(mol)


@pytest.mark.parametrize(
    "smiles",
    [
        "CC(=O)O",
        "C[N+](C)(C)CC(=O)[O-]",
        "C[N+](=O)[O-]",
        "[C-]#[O+]",
        "CN=[N+]=[N-]",
        "C[C+](C)C",
        "C[S+](C)C",
        "C[S+](C)(C)=O",
        "CS(C)(=O)=O",
        "CP(C)(C)=O",
        "C[P+](C)(C)C",
        "F[P-](F)(F)(F)(F)F",
        "F[B-](F)(F)F",
        "C[Si](C)(C)Cl",
        "BrCCI",
        "C[Br+]C",
        "[O-][Cl+3]([O-])([O-])O",
    ],
)
def test_ordinary_chemistry_is_stable(smiles: str) -> None:
    molecule = from_smiles(smiles)
    assert check_bonded_stability(molecule) == {
        "num_atoms": molecule.num_atoms,
        "stable_atoms": molecule.num_atoms,
        "uncomputable_atoms": 0,
        "stable": True,
    }


@pytest.mark.parametrize(
    ("smiles", "unstable"),
    [("C[CH2]", 1), ("C[O]", 1), ("[CH2]", 1), ("CC[N-]", 1), ("C[N]C", 1), ("C[S]C", 0)],
)
def test_radicals_and_carbenes_are_not(smiles: str, unstable: int) -> None:
    answer = check_bonded_stability(from_smiles(smiles))
    assert answer["num_atoms"] == answer["stable_atoms"] + unstable  # type: ignore[operator]
    assert answer["stable"] is (unstable == 0)


@pytest.mark.parametrize("smiles", ["c1ccccc1", "c1ccncc1", "c1cc[nH]c1", "C[n+]1ccccc1", "c1ccc2ccccc2c1"])
def test_aromatic_and_kekulised_bonds_give_one_verdict(smiles: str) -> None:
    """An aromatic order of 1.5 must neither be truncated nor rounded."""
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert rdDistGeom.EmbedMolecule(mol, randomSeed=4) == 0
    kekulised = Chem.Mol(mol)
    Chem.Kekulize(kekulised, clearAromaticFlags=True)
    aromatic = [b.GetIsAromatic() for b in mol.GetBonds()]
    assert any(aromatic)
    verdicts = [check_bonded_stability(Molecule.from_mol(m)) for m in (mol, kekulised)]
    assert verdicts[0] == verdicts[1]
    assert verdicts[0]["stable"] is True


def test_a_charge_matters(ethanol: Molecule) -> None:
    assert check_bonded_stability(ethanol)["stable"] is True
    charged = replace(ethanol, charges=np.eye(9, dtype=int)[2])
    assert check_bonded_stability(charged)["stable_atoms"] == 8
    absurd = replace(ethanol, charges=np.full(9, 100))
    assert check_bonded_stability(absurd)["stable_atoms"] == 0


def test_an_element_without_valences_is_neither_stable_nor_unstable() -> None:
    silver = Molecule(np.array([47, 17]), np.eye(3)[:2], np.array([[0, 1, 1]]))
    assert check_bonded_stability(silver) == {
        "num_atoms": 2,
        "stable_atoms": 1,
        "uncomputable_atoms": 1,
        "stable": None,
    }
    assert check_bonded_stability(replace(silver, bonds=np.array([[0, 1, 2]])))["stable"] is False


def test_what_is_no_molecule_has_no_stable_atom(ethanol: Molecule, no_atoms: Molecule) -> None:
    assert check_bonded_stability(no_atoms)["stable"] is False
    out_of_range, aromatic = np.array([[0, 40, 1]]), np.array([[0, 1, 4]])
    lost = np.where(np.arange(9)[:, None] == 3, np.nan, ethanol.pos)
    for bad in (
        replace(ethanol, bonds=None),
        replace(ethanol, bonds=out_of_range),
        replace(ethanol, bonds=aromatic),
        replace(ethanol, pos=lost),
        replace(ethanol, defect="unreadable"),
    ):
        answer = check_bonded_stability(bad)
        assert (answer["num_atoms"], answer["stable_atoms"], answer["stable"]) == (9, 0, False)


def test_the_table_follows_the_octet_rule_or_names_hypervalence() -> None:
    """Total orders differ by an even number from the valence electrons: no entry is a radical."""
    assert set(VALENCES) == {"H", *NEUTRAL_ELECTRONS}
    for element, electrons in NEUTRAL_ELECTRONS.items():
        for charge, orders in VALENCES[element].items():
            assert orders
            for order in orders:
                assert (electrons - charge - order) % 2 == 0, (element, charge, order)
                assert 0 <= order <= electrons - charge
