"""Kinds of bonds and numbers by kind, as the geometric measures share them.

Bonds are named after RDKit's perception on the sanitised molecule, so that an aromatic bond is one kind,
whichever Kekule structure a molecule came in.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

_SIGNS = {
    Chem.BondType.SINGLE: "-",
    Chem.BondType.DOUBLE: "=",
    Chem.BondType.TRIPLE: "#",
    Chem.BondType.AROMATIC: ":",
}


def bond_sign(bond: Chem.Bond) -> str:
    """Return ``-``, ``=``, ``#``, or ``:`` for an aromatic bond; ``~`` for any other."""
    return _SIGNS.get(bond.GetBondType(), "~")


def neighbours(mol: Chem.Mol) -> list[list[int]]:
    """Return the bonded atoms of each atom."""
    lists: list[list[int]] = [[] for _ in range(mol.GetNumAtoms())]
    for index in range(mol.GetNumBonds()):
        bond = mol.GetBondWithIdx(index)
        i, j = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        lists[i].append(j)
        lists[j].append(i)
    return lists


def by_kind(kinds: Sequence[str], values: NDArray[np.float64]) -> dict[str, list[float]]:
    """Sort numbers by kind.

    Args:
        kinds: ``n`` names.
        values: ``(n,)`` numbers; what is not finite (undefined, or of absurd coordinates) is left out.
    """
    measured: dict[str, list[float]] = {}
    for kind, value, known in zip(kinds, values.tolist(), np.isfinite(values).tolist(), strict=True):
        if known:
            measured.setdefault(kind, []).append(value)
    return measured
