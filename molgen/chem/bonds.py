"""Bond perception from coordinates and elements alone, by the edm rule (Hoogeboom et al., ICML 2022).

Vectorised over padded batches, in chunks, so that ten thousand molecules take well under a second and
memory stays bounded whatever the number of molecules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from molgen.chem.molecule import Molecule
from molgen.chem.tables import (
    EDM_VALENCES,
    MAX_ATOMIC_NUMBER,
    edm_squared_thresholds,
    edm_valence_array,
    symbol,
)

PAIRS_PER_CHUNK = 1_000_000
"""Atom pairs held at a time: about 50 MB of intermediate arrays."""

DENSE_ATOMS = 500
"""Above this size only near pairs are looked at: all pairs of ten thousand atoms take gigabytes."""

FAR = 1e8
"""Coordinates beyond it, in angstrom, bond to nothing: their differences are lost to rounding."""

_SQUARED_THRESHOLDS = edm_squared_thresholds()
_REACH = float(np.sqrt(_SQUARED_THRESHOLDS.max()))
_IN_EDM_TABLE = edm_valence_array() > 0


def perceive_orders(numbers: NDArray[np.integer], pos: NDArray[np.floating]) -> NDArray[np.int8]:
    """Bond orders of all pairs by the edm rule.

    Args:
        numbers: ``(B, N)`` atomic numbers, 0 for padding.
        pos: ``(B, N, 3)`` coordinates, angstrom. Coordinates that are not finite bond to nothing.

    Returns:
        ``(B, N, N)`` int8 symmetric orders 0 to 3. Zero on the diagonal, for padding, and for elements that
        the edm table lacks.
    """
    size, atoms = numbers.shape
    orders = np.zeros((size, atoms, atoms), dtype=np.int8)
    step = max(1, PAIRS_PER_CHUNK // max(1, atoms * atoms))
    for start in range(0, size, step):
        rows = slice(start, start + step)
        orders[rows] = _chunk_orders(numbers[rows], pos[rows])
    return orders


def _chunk_orders(numbers: NDArray[np.integer], pos: NDArray[np.floating]) -> NDArray[np.int8]:
    known = np.where((numbers < 0) | (numbers > MAX_ATOMIC_NUMBER), 0, numbers)
    first, second = known[:, :, None], known[:, None, :]
    size, atoms = numbers.shape
    squared = np.zeros((size, atoms, atoms))
    # Non-finite or huge coordinates give inf or nan, and neither is below any limit.
    with np.errstate(invalid="ignore", over="ignore"):
        for axis in pos.astype(np.float64).transpose(2, 0, 1):
            squared += np.square(axis[:, :, None] - axis[:, None, :])
    orders = np.zeros((size, atoms, atoms), dtype=np.int8)
    for limits in _SQUARED_THRESHOLDS:
        orders += squared < limits[first, second]
    orders[:, np.arange(atoms), np.arange(atoms)] = 0
    return orders


def perceive_bonds(molecules: Sequence[Molecule]) -> list[Molecule]:
    """Give molecules the bonds of the edm rule, in place of any they had; charges are dropped.

    A molecule with a defect keeps it. One with elements that the edm table lacks gets no bonds at those
    atoms and a defect that says so.

    Args:
        molecules: Any molecules; atoms whose coordinates are not finite bond to nothing.
    """
    bonds = {i: _sparse_bonds(m) for i, m in enumerate(molecules) if m.num_atoms > DENSE_ATOMS}
    dense = [i for i in range(len(molecules)) if i not in bonds]
    for indices in _chunks_by_size(molecules, dense):
        chunk = [molecules[i] for i in indices]
        bonds.update(zip(indices, bond_lists(perceive_orders(*padded_arrays(chunk))), strict=True))
    return [
        replace(m, bonds=bonds[i], charges=None, defect=m.defect or _table_gap(m))
        for i, m in enumerate(molecules)
    ]


def _sparse_bonds(molecule: Molecule) -> NDArray[np.int64]:
    """Bonds of a large molecule from its near pairs alone, rows as in :func:`bond_lists`."""
    placed = np.flatnonzero(np.isfinite(molecule.pos).all(axis=1) & (np.abs(molecule.pos) < FAR).all(axis=1))
    tree = cKDTree(molecule.pos[placed])
    near = np.sort(placed[tree.query_pairs(_REACH, output_type="ndarray")], axis=1)
    squared = np.square(molecule.pos[near[:, 0]] - molecule.pos[near[:, 1]]).sum(axis=1)
    inside = np.where((molecule.numbers < 0) | (molecule.numbers > MAX_ATOMIC_NUMBER), 0, molecule.numbers)
    limits = _SQUARED_THRESHOLDS[:, inside[near[:, 0]], inside[near[:, 1]]]
    rows = np.column_stack([near, (squared < limits).sum(axis=0)])
    return rows[rows[:, 2] > 0][np.lexsort(rows[rows[:, 2] > 0][:, 1::-1].T)]


def _chunks_by_size(molecules: Sequence[Molecule], of: Sequence[int]) -> Iterator[list[int]]:
    """Yield some indices, molecules of similar size together, so that padding and memory stay small."""
    chunk: list[int] = []
    for index in sorted(of, key=lambda i: molecules[i].num_atoms):
        # Sorted by size, so the newcomer is the largest and sets the padded width.
        if chunk and (len(chunk) + 1) * molecules[index].num_atoms ** 2 > PAIRS_PER_CHUNK:
            yield chunk
            chunk = []
        chunk.append(index)
    if chunk:
        yield chunk


def padded_arrays(molecules: Sequence[Molecule]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return ``numbers (M, N)`` and ``pos (M, N, 3)`` (angstrom), zero-padded to the largest molecule."""
    atoms = max((m.num_atoms for m in molecules), default=0)
    numbers = np.zeros((len(molecules), atoms), dtype=np.int64)
    pos = np.zeros((len(molecules), atoms, 3))
    for row, molecule in enumerate(molecules):
        numbers[row, : molecule.num_atoms] = molecule.numbers
        pos[row, : molecule.num_atoms] = molecule.pos
    return numbers, pos


def bond_lists(orders: NDArray[np.int8]) -> list[NDArray[np.int64]]:
    """Turn ``(B, N, N)`` symmetric orders into ``B`` lists of rows ``(i, j, order)`` with ``i < j``."""
    molecule, first, second = np.nonzero(np.triu(orders, k=1))
    rows = np.stack([first, second, orders[molecule, first, second]], axis=1).astype(np.int64)
    return np.split(rows, np.searchsorted(molecule, np.arange(1, len(orders))))


def _table_gap(molecule: Molecule) -> str | None:
    inside = np.clip(molecule.numbers, 0, MAX_ATOMIC_NUMBER)
    missing = sorted({symbol(int(z)) for z in molecule.numbers[~_IN_EDM_TABLE[inside]]} - {"?"})
    if not missing:
        return None
    return f"the edm bond table has no {', '.join(missing)}; it knows {', '.join(EDM_VALENCES)}"
