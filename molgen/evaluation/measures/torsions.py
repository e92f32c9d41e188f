"""Torsions by the central bond and the elements at its ends, degrees, without sign.

A molecule and its mirror image have torsions of opposite sign and the same energy, a data set holds one of
them by chance or convention, and a reflection-equivariant model makes both alike: so the sign is dropped.
That deals with the period of 360 degrees as well, see :mod:`molgen.evaluation.metrics.distances`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molgen.chem.molecule import Molecule
from molgen.evaluation.measures.bond_kinds import bond_sign, by_kind, neighbours

STRAIGHT = 1e-6
"""Sine of the angle below which three atoms count as lying in a line and give no torsion."""


def measure_torsions(molecule: Molecule) -> dict[str, list[float]]:
    """Measure the torsion of every chain of four atoms in a valid molecule.

    Chains about an atom that RDKit perceives as sp are left out: it is straight, so they have no torsion.

    Args:
        molecule: Any molecule; one that is not valid has no torsions.

    Returns:
        Elements of the chain with the central bond's sign (``H C-C O``, ``C C:N C``), read in the direction
        that sorts first, to angles in [0, 180] degrees, 0 for an eclipsed chain.
    """
    mol = molecule.mol
    if mol is None:
        return {}
    chains, kinds = _chains(mol)
    if not chains:
        return {}
    return by_kind(kinds, unsigned_torsions(molecule.pos, np.array(chains)))


def _chains(mol: Chem.Mol) -> tuple[list[tuple[int, int, int, int]], list[str]]:
    around = neighbours(mol)
    atoms = [mol.GetAtomWithIdx(index) for index in range(mol.GetNumAtoms())]
    elements = [atom.GetSymbol() for atom in atoms]
    straight = [atom.GetHybridization() == Chem.HybridizationType.SP for atom in atoms]
    chains, kinds = [], []
    for index in range(mol.GetNumBonds()):
        bond = mol.GetBondWithIdx(index)
        j, k = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        if straight[j] or straight[k]:
            continue
        sign = bond_sign(bond)
        found = [(i, j, k, end) for i in around[j] if i != k for end in around[k] if end not in (i, j)]
        chains += found
        kinds += [_kind([elements[atom] for atom in chain], sign) for chain in found]
    return chains, kinds


def _kind(elements: list[str], sign: str) -> str:
    a, b, c, d = min(elements, elements[::-1])
    return f"{a} {b}{sign}{c} {d}"


def unsigned_torsions(pos: NDArray[np.float64], chains: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the size of torsion angles (Blondel and Karplus, J. Comput. Chem. 17, 1132, 1996).

    Args:
        pos: ``(n, 3)`` coordinates, angstrom.
        chains: ``(c, 4)`` rows of atoms in a chain.

    Returns:
        ``(c,)`` angles in [0, 180] degrees, not a number where three atoms lie in a line.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        f, g, h = (pos[chains[:, n]] - pos[chains[:, n + 1]] for n in range(3))
        a, b = np.cross(f, g), np.cross(g, h)
        f_norm, g_norm, h_norm, a_norm, b_norm = (np.linalg.norm(v, axis=1) for v in (f, g, h, a, b))
        # Normals of a straight chain are rounding errors that point anywhere.
        straight = (a_norm <= STRAIGHT * f_norm * g_norm) | (b_norm <= STRAIGHT * g_norm * h_norm)
        angles = np.arctan2(np.linalg.norm(np.cross(a, b), axis=1), (a * b).sum(axis=1))
    angles[straight] = np.nan
    degrees: NDArray[np.float64] = np.degrees(angles)
    return degrees
