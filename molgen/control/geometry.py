"""What makes a structure of a graph usable: distances and angles that its bonds allow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molgen.chem.molecule import Molecule
from molgen.chem.tables import ATOMIC_NUMBER, COVALENT_RADII, symbol

LONGEST_BOND, SHORTEST_BOND, CLOSEST_PAIR = 1.3, 0.7, 0.75
"""Limits of distances in sums of covalent radii, of bonded and of other pairs."""
STRAIGHT = 165.0
"""Degrees; an atom of two neighbours whose bonds are bent stays below it."""
_KNOWN = np.array([ATOMIC_NUMBER[element] for element in ("H", "C", "N", "O", "F")])
"""Elements whose angles are judged: bonds to others, as of oxygen between silicon atoms, may be straight."""


def broken_geometry(molecule: Molecule) -> str | None:
    """Say where distances or straight angles contradict the bonds of a molecule, or ``None``.

    Args:
        molecule: Valid, with bonds.
    """
    return _wrong_distance(molecule) or _straight_centre(molecule)


def _wrong_distance(molecule: Molecule) -> str | None:
    assert molecule.bonds is not None
    first, second = np.triu_indices(molecule.num_atoms, 1)
    distance = np.linalg.norm(molecule.pos[first] - molecule.pos[second], axis=1)
    radii = COVALENT_RADII[molecule.numbers]
    ratio = distance / (radii[first] + radii[second])
    table = np.zeros((molecule.num_atoms, molecule.num_atoms), dtype=bool)
    table[molecule.bonds[:, 0], molecule.bonds[:, 1]] = True
    bonded = (table | table.T)[first, second]
    wrong = np.where(bonded, (ratio > LONGEST_BOND) | (ratio < SHORTEST_BOND), ratio < CLOSEST_PAIR)
    if not wrong.any():
        return None
    pair = int(wrong.argmax())
    ends = " and ".join(f"{symbol(int(molecule.numbers[i]))}{i + 1}" for i in (first[pair], second[pair]))
    what = "bonded" if bonded[pair] else "not bonded"
    return f"its atoms {ends}, {what}, are {distance[pair]:.2f} angstrom apart"


def _straight_centre(molecule: Molecule) -> str | None:
    bent = _bent_centres(molecule)
    for (first, centre, second), angle in zip(*bond_angles(molecule), strict=True):
        if bent[centre] and angle > STRAIGHT and np.isin(molecule.numbers[[first, second]], _KNOWN).all():
            ends = "-".join(f"{symbol(int(molecule.numbers[i]))}{i + 1}" for i in (first, centre, second))
            return f"the angle {ends} is {angle:.0f} degrees where the bonds are bent"
    return None


def _bent_centres(molecule: Molecule) -> NDArray[np.bool_]:
    """``(n,)`` bool: atoms of two neighbours on no triple bond and no cumulated double bond."""
    assert molecule.bonds is not None
    ends, order = molecule.bonds[:, :2], molecule.bonds[:, 2]
    doubles = np.bincount(ends[order == 2].ravel(), minlength=molecule.num_atoms)
    straight = np.zeros(molecule.num_atoms, dtype=bool)
    straight[ends[(order == 3) | ((order == 2) & (doubles[ends] > 1).any(axis=1))]] = True
    two = np.bincount(ends.ravel(), minlength=molecule.num_atoms) == 2
    return two & ~straight & np.isin(molecule.numbers, _KNOWN[1:])


def bond_angles(molecule: Molecule) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return ``(a, 3)`` atoms, the centre in the middle, and the ``(a,)`` angles between bonds, degrees.

    Their order follows from the bonds alone.
    """
    assert molecule.bonds is not None
    ends = molecule.bonds[:, :2]
    rows = np.concatenate([ends, ends[:, ::-1]])
    left, right = (index.ravel() for index in np.indices((len(rows), len(rows))))
    pairs = (rows[left, 0] == rows[right, 0]) & (rows[left, 1] < rows[right, 1])
    atoms = np.stack([rows[left, 1], rows[left, 0], rows[right, 1]], axis=1)[pairs]
    first, second = (molecule.pos[atoms[:, end]] - molecule.pos[atoms[:, 1]] for end in (0, 2))
    length = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosine = (first * second).sum(axis=1) / np.maximum(length, 1e-12)
    return atoms, np.degrees(np.arccos(cosine.clip(-1, 1)))


def bent_away(before: Molecule, after: Molecule, most: float) -> str | None:
    """Say which angle between bonds changed by more than ``most`` degrees, or ``None``.

    Args:
        before: With bonds.
        after: The same atoms and bonds, elsewhere.
        most: Degrees.
    """
    atoms, old = bond_angles(before)
    _, new = bond_angles(after)
    if not len(atoms) or np.abs(new - old).max() <= most:
        return None
    worst = int(np.abs(new - old).argmax())
    ends = "-".join(f"{symbol(int(before.numbers[i]))}{i + 1}" for i in atoms[worst])
    return f"the angle {ends} went from {old[worst]:.0f} to {new[worst]:.0f} degrees"
