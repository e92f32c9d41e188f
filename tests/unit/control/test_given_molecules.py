"""Molecules that users hand in: what no model can know of them is told, not dropped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rdkit import Chem
from rdkit.Chem import rdDepictor

from molgen.chem.cleaning import with_charges_separated
from molgen.chem.conformers import embed
from molgen.chem.flatness import is_drawing
from molgen.chem.io import read_molecules, write_molecules
from molgen.chem.molecule import Molecule
from molgen.control import Refinement, Setting
from molgen.control.fragment_file import read_part
from molgen.control.parents import read_parents
from molgen.core import MolBatch
from molgen.core.errors import InputError
from molgen.core.tasks import Given
from molgen.data import read_store
from molgen.data.files import prepare_files


class Still:
    """In place of a model: leaves the given coordinates."""

    def polished(self, given: Given, polish: object, progress: object = None) -> list[MolBatch]:
        return [given.take(torch.tensor([row])).molecules for row in range(len(given.molecules))]


def written(mol: Chem.Mol, path: Path, code: str = "3D") -> Path:
    """A file of one record whose second line says ``code`` of its dimension."""
    title, program, *lines = Chem.MolToMolBlock(mol, kekulize=False).split("\n")
    path.write_text("\n".join([title, program[:20] + code, *lines]) + "$$$$\n")
    return path


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Methanol with three deuterium atoms."""
    mol = Chem.Mol(embed("CO").mol)
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == 1 and atom.GetNeighbors()[0].GetAtomicNum() == 6:
            atom.SetIsotope(2)
    return written(mol, tmp_path / "d3.sdf")


@pytest.mark.parametrize("read", [read_part, read_parents])
def test_isotopes_are_refused(read: Callable[[Path], object], labelled: Path) -> None:
    with pytest.raises(InputError, match="record 1: atom 3, H, is labelled with an isotope"):
        read(labelled)
    with pytest.raises(InputError, match="atom 3, H, is labelled with an isotope"):
        read(read_molecules(labelled))  # type: ignore[arg-type]


def test_isotopes_are_not_refined(labelled: Path, setting: Setting) -> None:
    refinement = Refinement(setting, None)  # type: ignore[arg-type]
    assert "labelled with an isotope" in str(refinement.unsuitable(read_molecules(labelled)[0]))


def test_isotopes_are_left_out_of_training(labelled: Path, tmp_path: Path) -> None:
    (tmp_path / "more.smi").write_text("[2H]C\n" + "\n".join("C" * n for n in range(1, 12)))
    manifest = prepare_files([labelled, tmp_path / "more.smi"], tmp_path / "store")
    assert [found["record"] for found in manifest["left_out"]] == [1, 1]  # type: ignore[attr-defined]
    assert manifest["molecules"] == 11


def test_labels_of_dummies_are_no_isotopes(tmp_path: Path) -> None:
    """RDKit takes the number of an R group for the isotope of its dummy."""
    mol = Chem.RWMol(embed("CO").mol)
    mol.GetAtomWithIdx(2).SetAtomicNum(0)
    mol.GetAtomWithIdx(2).SetIsotope(1)
    path = written(mol, tmp_path / "group.sdf")
    assert Chem.MolFromMolFile(str(path), removeHs=False).GetAtomWithIdx(2).GetIsotope() == 1
    assert read_part(path).molecule.numbers[2] == 0


def in_the_plane(smiles: str, code: str, path: Path, hydrogens: bool = True) -> Path:
    """A record drawn on paper."""
    mol = Chem.MolFromSmiles(smiles)
    mol = Chem.AddHs(mol) if hydrogens else mol
    rdDepictor.Compute2DCoords(mol)
    return written(mol, path, code)


@pytest.mark.parametrize(
    ("smiles", "code", "hydrogens", "drawn"),
    [
        ("c1ccccc1", "3D", True, False),
        ("c1ccccc1", "  ", True, False),
        ("c1ccccc1", "2D", True, True),
        ("c1ccccc1", "  ", False, True),
        ("c1ccccc1", "", False, True),
        ("CCO", "3D", True, True),
        ("CCO", "  ", True, True),
    ],
)
def test_one_rule_says_what_a_drawing_is(
    smiles: str, code: str, hydrogens: bool, drawn: bool, tmp_path: Path
) -> None:
    path = in_the_plane(smiles, code, tmp_path / "plane.sdf", hydrogens)
    for read in (read_part, read_parents):
        for source in (path, read_molecules(path)):
            if drawn:
                with pytest.raises(InputError, match="1 is a drawing"):
                    read(source)  # type: ignore[operator]
            else:
                read(source)  # type: ignore[operator]


def test_planar_molecules_of_files_without_a_dimension_are_no_drawings(tmp_path: Path) -> None:
    path = in_the_plane("c1ccccc1", "3D", tmp_path / "plane.sdf")
    write_molecules(read_molecules(path), tmp_path / "plane.xyz")
    (molecule,) = read_molecules(tmp_path / "plane.xyz")
    assert molecule.origin.dimension is None
    assert not is_drawing(replace(read_molecules(path)[0], origin=molecule.origin))


@pytest.fixture
def pentavalent(tmp_path: Path) -> Path:
    """Nitromethane with five bonds at its nitrogen."""
    good = embed("C[N+](=O)[O-]")
    bonds = np.array(good.bonds)
    bonds[(good.numbers[bonds[:, :2]] == [7, 8]).all(axis=1), 2] = 2
    write_molecules([replace(good, bonds=bonds, charges=None)], tmp_path / "nitro.sdf")
    return tmp_path / "nitro.sdf"


def separated(molecule: Molecule) -> bool:
    """Whether the arrays have a nitro group with charges."""
    assert molecule.bonds is not None and molecule.charges is not None
    return sorted(molecule.bonds[:, 2]) == [1, 1, 1, 1, 1, 2] and sorted(molecule.charges)[::6] == [-1, 1]


def test_pentavalent_nitrogen_is_read_with_charges(pentavalent: Path, setting: Setting) -> None:
    (given,) = read_molecules(pentavalent)
    assert not separated(given), "who judges a file takes it at its word"
    assert separated(read_part(pentavalent).molecule)
    assert separated(read_parents(pentavalent)[0])
    (refined,) = Refinement(setting, Still())([given])
    assert refined.record["refined"] == 1 and separated(refined)


def test_pentavalent_nitrogen_is_trained_on_with_charges(pentavalent: Path, tmp_path: Path) -> None:
    (tmp_path / "more.smi").write_text("\n".join("C" * n for n in range(1, 12)))
    manifest = prepare_files([pentavalent, tmp_path / "more.smi"], tmp_path / "store")
    assert manifest["formal_charges"] == [-1, 0, 1] and manifest["left_out"] == []
    assert read_store(tmp_path / "store").bonds[:6, 2].sum() == 7


def test_a_fragment_with_a_dummy_is_cleaned_too() -> None:
    nitro = embed("C[N+](=O)[O-]")
    kept = np.array([True, True, True, True, False, False, False])
    bonds = np.array([[0, 1, 1], [1, 2, 2], [1, 3, 2]])
    group = Molecule(np.array([0, 7, 8, 8]), nitro.pos[kept], bonds)
    assert sorted(with_charges_separated(group).charges) == [-1, 0, 0, 1]  # type: ignore[arg-type]


def test_what_needs_no_cleaning_is_the_same_object() -> None:
    for molecule in (embed("CC(=O)[O-]"), embed("C1CC"), replace(embed("CC"), bonds=None)):
        assert with_charges_separated(molecule) is molecule
