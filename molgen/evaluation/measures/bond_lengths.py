"""Bond lengths by type, angstrom: the plainest sign of a geometry's quality."""

from __future__ import annotations

import numpy as np

from molgen.chem.molecule import Molecule
from molgen.evaluation.measures.bond_kinds import bond_sign, by_kind


def measure_bond_lengths(molecule: Molecule) -> dict[str, list[float]]:
    """Measure every bond of a valid molecule.

    Args:
        molecule: Any molecule; one that is not valid has no bonds.

    Returns:
        Type, the elements in alphabetical order around the bond (``C-H``, ``C=O``, ``C#N``; ``C:C`` for an
        aromatic bond), to lengths in angstrom.
    """
    mol = molecule.mol
    if mol is None or not mol.GetNumBonds():
        return {}
    bonds = [mol.GetBondWithIdx(index) for index in range(mol.GetNumBonds())]
    pairs = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in bonds]
    elements = [atom.GetSymbol() for atom in mol.GetAtoms()]
    kinds = []
    for bond, (i, j) in zip(bonds, pairs, strict=True):
        first, second = sorted((elements[i], elements[j]))
        kinds.append(f"{first}{bond_sign(bond)}{second}")
    i, j = np.array(pairs).T
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(molecule.pos[i] - molecule.pos[j], axis=1)
    return by_kind(kinds, lengths)
