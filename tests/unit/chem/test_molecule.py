"""A molecule never raises on bad chemistry: it says what is wrong."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from molgen.chem import Molecule, largest_fragment_smiles, perceive_bonds
from molgen.chem.identity import canonical_smiles
from molgen.core.errors import InputError


def embedded(smiles: str) -> Molecule:
    """RDKit's coordinates for a SMILES, hydrogens included."""
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert rdDistGeom.EmbedMolecule(mol, randomSeed=7) == 0
    return Molecule.from_mol(mol)


def chain(numbers: list[int], bonds: list[list[int]], charges: list[int] | None = None) -> Molecule:
    """Atoms on a line, 2 angstrom apart."""
    pos = np.column_stack([2.0 * np.arange(len(numbers)), np.zeros((len(numbers), 2))])
    rows = np.array(bonds, dtype=int).reshape(-1, 3)
    return Molecule(np.array(numbers), pos, rows, None if charges is None else np.array(charges))


@pytest.mark.parametrize(
    "smiles", ["C", "c1ccccc1", "C#N", "CC(=O)[O-]", "C[NH3+]", "c1cc[nH]c1", "[H][H]", "[C-]#[O+]", "C.O"]
)
def test_smiles_survive_the_way_through_arrays(smiles: str) -> None:
    molecule = embedded(smiles)
    assert molecule.failure is None
    assert molecule.smiles == Chem.CanonSmiles(smiles)
    assert molecule.mol is not None
    assert np.allclose(molecule.mol.GetConformer().GetPositions(), molecule.pos)


@pytest.mark.parametrize(
    ("molecule", "reason"),
    [
        (
            chain([6, 1, 1, 1, 1, 1], [[0, k, 1] for k in range(1, 6)]),
            "C has a total bond order of 5 (atom 1)",
        ),
        (chain([7, 6, 6, 6, 6], [[0, k, 1] for k in range(1, 5)]), "N has a total bond order of 4"),
        (chain([6, 1], [[0, 2, 1]]), "there are 2 atoms"),
        (chain([6, 1], [[0, -1, 1]]), "there are 2 atoms"),
        (chain([6, 1], [[1, 1, 1]]), "atom 2 is bonded to itself"),
        (chain([6, 6], [[0, 1, 1], [1, 0, 2]]), "given twice"),
        (chain([6, 6], [[0, 1, 4]]), "has order 4"),
        (chain([6, 0], []), "atom 2 is of no known element"),
        (chain([6, 300], [[0, 1, 1]]), "atomic number 300"),
        (chain([], []), "no atoms"),
        (
            Molecule(np.array([6, 1]), np.array([[0, 0, 0], [0, np.nan, 0]]), np.array([[0, 1, 1]])),
            "1 of 2 atoms",
        ),
        (
            Molecule(np.array([6]), np.zeros((1, 3)), np.zeros((0, 3), dtype=int), defect="the disk was wet"),
            "the disk was wet",
        ),
    ],
)
def test_failures_are_reasons(molecule: Molecule, reason: str) -> None:
    assert molecule.failure is not None
    assert reason in molecule.failure
    assert molecule.mol is None
    assert molecule.smiles is None
    assert molecule._repr_svg_() is None
    assert reason in repr(molecule)
    assert isinstance(molecule.formula, str)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-2, 130), max_size=6),
    st.lists(st.tuples(st.integers(-1, 6), st.integers(-1, 6), st.integers(-1, 5)), max_size=6),
)
def test_no_content_raises(numbers: list[int], bonds: list[tuple[int, int, int]]) -> None:
    molecule = chain(numbers, [list(b) for b in bonds])
    assert (molecule.mol is None) == (molecule.failure is not None) == (molecule.smiles is None)


def test_an_atom_without_its_hydrogens_is_a_radical_and_none_is_added() -> None:
    assert chain([6, 1, 1, 1], [[0, 1, 1], [0, 2, 1], [0, 3, 1]]).smiles == "[CH3]"


def test_charges_decide() -> None:
    bonds = [[0, k, 1] for k in range(1, 5)]
    assert chain([7, 1, 1, 1, 1], bonds).failure is not None
    ammonium = chain([7, 1, 1, 1, 1], bonds, [1, 0, 0, 0, 0])
    assert (ammonium.smiles, ammonium.formula) == ("[NH4+]", "H4N+")


def test_without_bonds_there_is_no_verdict(methane: Molecule) -> None:
    assert methane.failure is None
    assert methane.smiles is None
    assert methane.num_fragments == 0


def test_shapes_that_do_not_fit_are_an_error() -> None:
    with pytest.raises(InputError, match="pos"):
        Molecule(np.array([6, 1]), np.zeros((3, 3)))
    with pytest.raises(InputError, match="charges"):
        Molecule(np.array([6, 1]), np.zeros((2, 3)), charges=np.zeros(3, dtype=int))


def test_arrays_are_read_only_and_the_callers_are_not(methane: Molecule) -> None:
    numbers = np.array([6])
    molecule = Molecule(numbers, np.zeros((1, 3)))
    with pytest.raises(ValueError, match="read-only"):
        molecule.numbers[0] = 7
    numbers[0] = 8
    assert numbers.tolist() == [8]


def test_stereochemistry_comes_from_the_coordinates() -> None:
    left, right = embedded("C[C@H](N)O"), embedded("C[C@@H](N)O")
    assert left.smiles == right.smiles == "CC(N)O"
    assert left.mol is not None
    assert right.mol is not None
    assert Chem.MolToSmiles(Chem.RemoveHs(left.mol)) == Chem.CanonSmiles("C[C@H](N)O")
    assert Chem.MolToSmiles(Chem.RemoveHs(right.mol)) == Chem.CanonSmiles("C[C@@H](N)O")


def test_names_do_not_depend_on_the_order_of_atoms() -> None:
    molecule = embedded("CCO.CN.C")
    rng = np.random.default_rng(0)
    for _ in range(5):
        order = rng.permutation(molecule.num_atoms)
        place = np.argsort(order)
        assert molecule.bonds is not None
        rows = np.column_stack([place[molecule.bonds[:, :2]], molecule.bonds[:, 2]])
        shuffled = Molecule(molecule.numbers[order], molecule.pos[order], rows)
        assert shuffled.smiles == "C.CCO.CN"
        assert largest_fragment_smiles(shuffled) == "CCO"


def test_largest_fragment_counts_hydrogens() -> None:
    assert largest_fragment_smiles(embedded("CC.O=C=O")) == "CC"
    assert canonical_smiles("O=C=O.CC") == "CC"
    assert canonical_smiles("not a molecule") is None


def test_xyz_and_picture(methane: Molecule) -> None:
    (molecule,) = perceive_bonds([methane])
    lines = molecule.to_xyz().splitlines()
    assert lines[:3] == ["5", "C", "C  0.000000 0.000000 0.000000"]
    assert molecule.to_xyz("a\nb").splitlines()[1] == "a b"
    picture = molecule._repr_svg_()
    assert picture is not None
    assert "<svg" in picture


def test_survives_pickling_between_processes(methane: Molecule) -> None:
    (molecule,) = perceive_bonds([methane])
    assert molecule.mol is not None
    copy = pickle.loads(pickle.dumps(molecule))
    assert copy.smiles == molecule.smiles
    assert (copy.pos == molecule.pos).all()
