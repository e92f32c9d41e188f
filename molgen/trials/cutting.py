"""Parts of held-out molecules, cut out as chemists do: at single bonds outside rings, or around ring systems.

The acyclic cuts are those of :class:`molgen.core.fragments.GivenPieces`; random connected parts are those of
:class:`molgen.core.fragments.GivenFragment`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from molgen.chem.encode import encode
from molgen.chem.molecule import Molecule
from molgen.control.attachment import read_scaffold
from molgen.control.fragment_file import Part, bond_orders
from molgen.control.request import Setting
from molgen.control.scaffold import ScaffoldRequest
from molgen.core.fragments import GivenFragment, bridges

SMALLEST_PIECE = 2
"""Heavy atoms that a given piece has at least: keeping a methyl group in place asks nothing."""

Mask = NDArray[np.bool_]
"""``(n,)`` bool over the atoms of a molecule."""


def random_part(molecule: Molecule, setting: Setting, generator: torch.Generator) -> Mask | None:
    """Draw a connected part of any shape, with some of its hydrogens; ``None`` where it is too small."""
    batch = encode([molecule], setting.vocab, ["atom", "bond"])
    part = GivenFragment().atoms(batch, generator)[0].numpy()
    return part if _worth_asking(molecule, part) else None


def ring_system(molecule: Molecule, generator: np.random.Generator) -> Mask | None:
    """Choose rings that share atoms, with the hydrogens on them; ``None`` where there are none."""
    orders = bond_orders(molecule)
    in_ring = (orders > 0) & ~_bridges(orders)
    count, label = connected_components(in_ring)
    systems = [n for n in range(count) if (label == n).sum() > 1]
    if not systems:
        return None
    part = _with_hydrogens(molecule, label == generator.choice(systems), orders)
    return part if _worth_asking(molecule, part) else None


def piece(molecule: Molecule, generator: np.random.Generator) -> Mask | None:
    """Choose one side of one cut; ``None`` where no cut leaves a part that is worth asking about."""
    orders = bond_orders(molecule)
    sides = []
    for cut in _cuts(molecule, orders):
        label = _pieces(orders, [cut])
        sides += [part for part in (label == 0, label == 1) if _worth_asking(molecule, part)]
    return sides[generator.integers(len(sides))] if sides else None


def outer_pieces(molecule: Molecule, generator: np.random.Generator) -> Mask | None:
    """Choose both ends of a molecule that two cuts part in three; the middle, with a heavy atom, is left out.

    Returns ``None`` where no two cuts leave ends of at least :data:`SMALLEST_PIECE` heavy atoms.
    """
    orders = bond_orders(molecule)
    cuts = _cuts(molecule, orders)
    found = []
    for first in range(len(cuts)):
        for second in range(first):
            label = _pieces(orders, [cuts[first], cuts[second]])
            ends = label[np.array([cuts[first], cuts[second]])]
            middle = next(n for n in range(3) if (ends == n).any(axis=1).all())
            sizes = [((label == n) & (molecule.numbers > 1)).sum() for n in range(3) if n != middle]
            if min(sizes) >= SMALLEST_PIECE and _worth_asking(molecule, label != middle):
                found.append(label != middle)
    return found[generator.integers(len(found))] if found else None


def request_about(molecule: Molecule, part: Mask, named: bool) -> ScaffoldRequest | None:
    """Ask for a molecule of the same size around a part, or ``None`` where the molecule is no answer itself.

    Args:
        molecule: A held-out molecule.
        part: Which of its atoms are kept.
        named: Whether the atoms that lost a bond are marked as those that shall grow.
    """
    orders = bond_orders(molecule)
    kept = Part(molecule, np.arange(1, molecule.num_atoms + 1)).keep(part)
    severed = (orders[part][:, ~part] > 0).any(axis=1)
    attach = (np.flatnonzero(severed) + 1).tolist() if named else None
    size = molecule.num_atoms
    request = ScaffoldRequest(read_scaffold(replace(kept.molecule, record={}), attach), (size, size))
    return request if request.objection(_part_first(molecule, part)) is None else None


def _part_first(molecule: Molecule, part: Mask) -> Molecule:
    """Renumber atoms so that those of a part come first."""
    order = np.concatenate([np.flatnonzero(part), np.flatnonzero(~part)])
    place = order.argsort()
    assert molecule.bonds is not None and molecule.charges is not None
    bonds = np.column_stack([place[molecule.bonds[:, :2]], molecule.bonds[:, 2]])
    return Molecule(molecule.numbers[order], molecule.pos[order], bonds, molecule.charges[order])


def _worth_asking(molecule: Molecule, part: Mask) -> bool:
    heavy = molecule.numbers > 1
    return bool((heavy & part).sum() >= SMALLEST_PIECE and (heavy & ~part).any())


def _cuts(molecule: Molecule, orders: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Single bonds outside rings between atoms that both have another neighbour."""
    inner = (orders > 0).sum(axis=1) > 1
    single = np.triu((orders == 1) & _bridges(orders) & inner[:, None] & inner)
    return [(int(i), int(j)) for i, j in np.argwhere(single)]


def _bridges(orders: NDArray[np.int64]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = bridges(torch.from_numpy(orders > 0).unsqueeze(0))[0].numpy()
    return found


def _pieces(orders: NDArray[np.int64], cuts: list[tuple[int, int]]) -> NDArray[np.int64]:
    """``(n,)`` number of the piece, from 0, that each atom is in after the cuts."""
    severed = orders.copy()
    for first, second in cuts:
        severed[first, second] = severed[second, first] = 0
    return np.asarray(connected_components(severed)[1], dtype=np.int64)


def _with_hydrogens(molecule: Molecule, part: Mask, orders: NDArray[np.int64]) -> Mask:
    attached = (orders[:, part] > 0).any(axis=1) & (molecule.numbers == 1)
    return np.asarray(part | attached)


def kept_parts(molecules: list[Molecule], parts: list[Molecule], tolerance: float) -> Iterator[bool]:
    """Say of each molecule whether it begins with a part: elements, charges, bonds, and nearly its places.

    Args:
        molecules: What was drawn.
        parts: What was to be kept, one for each.
        tolerance: How far an atom may lie from its place, angstrom.
    """
    for molecule, part in zip(molecules, parts, strict=True):
        size = part.num_atoms
        assert part.charges is not None
        if molecule.bonds is None or molecule.charges is None or molecule.num_atoms < size:
            yield False
            continue
        moved = np.linalg.norm(molecule.pos[:size] - part.pos, axis=1).max()
        yield bool(
            moved <= tolerance
            and np.array_equal(molecule.numbers[:size], part.numbers)
            and np.array_equal(molecule.charges[:size], part.charges)
            and np.array_equal(bond_orders(molecule)[:size, :size], bond_orders(part))
        )
