"""RDKit molecules from arrays and back, and RDKit's objections in plain words.

A generated molecule is exactly its atoms: hydrogens are explicit and none is ever implied, so an atom
that lacks a neighbour is a radical and is written as one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, rdBase

from molgen.chem.tables import symbol

AROMATIC_ORDER = 4
"""Order code, as in a V2000 bond block, of an aromatic bond that could not be kekulised."""

_ORDER_TO_TYPE = {
    1: Chem.BondType.SINGLE,
    2: Chem.BondType.DOUBLE,
    3: Chem.BondType.TRIPLE,
    AROMATIC_ORDER: Chem.BondType.AROMATIC,
}
_TYPE_TO_ORDER = {bond_type: order for order, bond_type in _ORDER_TO_TYPE.items()}
KEKULE_ORDERS = (1, 2, 3)

BondRows = list[list[int]]
"""Bonds as plain rows ``[i, j, order]``, atoms counted from 0: for a dozen bonds faster than arrays."""


def bond_problem(num_atoms: int, bonds: BondRows, orders: tuple[int, ...] = KEKULE_ORDERS) -> str | None:
    """Say why a bond list is no graph over the atoms, or ``None`` if it is one.

    Args:
        num_atoms: Number of atoms ``n``.
        bonds: Rows ``[i, j, order]``, atoms counted from 0.
        orders: Accepted order codes.
    """
    seen = set()
    for i, j, order in bonds:
        low, high = min(i, j), max(i, j)
        if low < 0 or high >= num_atoms:
            return f"a bond joins atoms {low + 1} and {high + 1}, but there are {num_atoms} atoms"
        if low == high:
            return f"atom {low + 1} is bonded to itself"
        if (low, high) in seen:
            return f"the bond between atoms {low + 1} and {high + 1} is given twice"
        if order not in orders:
            between = f"the bond between atoms {low + 1} and {high + 1}"
            return f"{between} has order {order}; kekulised orders are 1, 2, 3"
        seen.add((low, high))
    return None


def raw_graph(numbers: list[int], bonds: BondRows, charges: list[int] | None) -> Chem.RWMol:
    """Build an unsanitised RDKit molecule with no implicit hydrogens.

    Args:
        numbers: Atomic numbers, 0 for an unknown element.
        bonds: Rows ``[i, j, order]``; rows RDKit cannot hold (see :func:`bond_problem`) are the caller's
            to leave out.
        charges: Formal charges in elementary charges, or ``None`` for all zero.
    """
    mol = Chem.RWMol()
    for index, number in enumerate(numbers):
        atom = Chem.Atom(number)
        atom.SetNoImplicit(True)
        if charges is not None:
            atom.SetFormalCharge(charges[index])
        mol.AddAtom(atom)
    for i, j, order in bonds:
        mol.AddBond(i, j, _ORDER_TO_TYPE[order])
    return mol


def sanitise(mol: Chem.RWMol) -> str | None:
    """Sanitise in place; return RDKit's objection in words, or ``None`` if there is none."""
    try:
        with rdBase.BlockLogs():
            Chem.SanitizeMol(mol)
    except Chem.AtomValenceException as error:
        return _valence_objection(mol.GetAtomWithIdx(error.cause.GetAtomIdx()))  # type: ignore[attr-defined]
    except Chem.MolSanitizeException as error:
        return f"RDKit cannot sanitise it: {error}"
    return None


def _valence_objection(atom: Chem.Atom) -> str:
    total = sum(bond.GetBondTypeAsDouble() for bond in atom.GetBonds())
    charge = atom.GetFormalCharge()
    which = symbol(atom.GetAtomicNum()) + (f" with charge {charge:+d}" if charge else "")
    return f"{which} has a total bond order of {total:g} (atom {atom.GetIdx() + 1})"


def unpaired_electrons(mol: Chem.Mol) -> int:
    """Number of electrons that a sanitised molecule leaves without a partner."""
    return sum(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms())


def constitution_smiles(mol: Chem.Mol) -> str:
    """Return canonical SMILES of a sanitised molecule, hydrogens folded in, without stereochemistry."""
    return str(Chem.MolToSmiles(constitution(mol), isomericSmiles=False))


def constitution(mol: Chem.Mol) -> Chem.Mol:
    """Return a copy without stereochemistry, and so with every hydrogen of a heavy atom folded into it."""
    flat = Chem.Mol(mol)
    Chem.RemoveStereochemistry(flat)
    return heavy_graph(flat)


def heavy_graph(mol: Chem.Mol) -> Chem.Mol:
    """Return a copy with hydrogens folded into their heavy neighbours.

    Lone and H2 hydrogens stay, and those that show which way a double bond is, as in imines.
    """
    with rdBase.BlockLogs():
        return Chem.RemoveHs(mol)


def graph_arrays(mol: Chem.Mol) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return ``(numbers (n,), bonds (m, 3), charges (n,))`` of an RDKit molecule, kekulised where possible.

    Aromatic bonds that cannot be kekulised keep :data:`AROMATIC_ORDER`; other bond types (dative, zero
    order) become order 0. Both are no kekulised order, so the molecule built from them says so.
    """
    mol = _kekulised(mol)
    # Access by index: RDKit's Python iterators cost more than the chemistry here.
    atoms = [mol.GetAtomWithIdx(i) for i in range(mol.GetNumAtoms())]
    links = [mol.GetBondWithIdx(i) for i in range(mol.GetNumBonds())]
    numbers = np.array([a.GetAtomicNum() for a in atoms], dtype=np.int64)
    charges = np.array([a.GetFormalCharge() for a in atoms], dtype=np.int64)
    rows = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx(), _TYPE_TO_ORDER.get(b.GetBondType(), 0)) for b in links]
    return numbers, np.array(rows, dtype=np.int64).reshape(-1, 3), charges


def _kekulised(mol: Chem.Mol) -> Chem.Mol:
    bonds = (mol.GetBondWithIdx(i) for i in range(mol.GetNumBonds()))
    if not any(bond.GetBondType() == Chem.BondType.AROMATIC for bond in bonds):
        return mol
    copy = Chem.Mol(mol)
    try:
        with rdBase.BlockLogs():
            copy.UpdatePropertyCache(strict=False)
            Chem.Kekulize(copy, clearAromaticFlags=True)
    except Chem.MolSanitizeException:
        return mol
    return copy
