"""What a drawn molecule must keep of a scaffold: wrong molecules made by hand are told from a right one."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from molgen.chem.conformers import embed
from molgen.chem.molecule import Molecule
from molgen.control import ScaffoldRequest, read_scaffold

toluene = embed("Cc1ccccc1")
RING_FIRST = [2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15, 1, 8, 9, 10]


@pytest.fixture
def right() -> Molecule:
    """Toluene with the atoms of its ring first: what a benzene ring may be grown to."""
    order = np.array(RING_FIRST) - 1
    place = np.argsort(order)
    bonds = toluene.bonds.copy()
    bonds[:, :2] = place[bonds[:, :2]]
    return replace(toluene, numbers=toluene.numbers[order], pos=toluene.pos[order], bonds=bonds)


def without(molecule: Molecule, first: int, second: int) -> Molecule:
    pair = {first, second}
    kept = [row for row in molecule.bonds.tolist() if set(row[:2]) != pair]
    assert len(kept) == len(molecule.bonds) - 1
    return replace(molecule, bonds=kept)


def bonded(molecule: Molecule, first: int, second: int) -> Molecule:
    return replace(molecule, bonds=[*molecule.bonds.tolist(), [first, second, 1]])


def moved(molecule: Molecule, row: int, by: float) -> Molecule:
    pos = molecule.pos.copy()
    pos[row, 1] += by
    return replace(molecule, pos=pos)


def swapped(molecule: Molecule, row: int, number: int) -> Molecule:
    numbers = molecule.numbers.copy()
    numbers[row] = number
    return replace(molecule, numbers=numbers)


def flipped(molecule: Molecule) -> Molecule:
    bonds = molecule.bonds.copy()
    ring = (bonds[:, :2] < 6).all(axis=1)
    bonds[ring, 2] = 3 - bonds[ring, 2]
    return replace(molecule, bonds=bonds)


SPOILED: dict[str, tuple[Callable[[Molecule], Molecule], str]] = {
    "moved": (lambda m: moved(m, 3, 2e-3), "atom 5 of the scaffold moved by 0.002"),
    "nowhere": (lambda m: moved(m, 3, np.nan), "atom 5 of the scaffold moved by nan"),
    "element": (lambda m: swapped(m, 2, 7), "atom 4 of the scaffold has another element or charge"),
    "charge": (lambda m: replace(m, charges=np.eye(15, dtype=int)[1]), "atom 3 of the scaffold has another"),
    "other Kekule bonds": (flipped, "of the scaffold changed"),
    "bond cut": (lambda m: without(m, 1, 6), "the bond between atom 3 and atom 11 of the scaffold changed"),
    "bond made": (lambda m: bonded(m, 0, 3), "the bond between atom 2 and atom 5 of the scaffold changed"),
    "closed atom": (lambda m: bonded(m, 2, 11), "atom 4 of the scaffold is closed but gained a bond"),
    "closed hydrogen": (lambda m: bonded(m, 6, 11), "atom 11 of the scaffold is closed but gained a bond"),
    "nothing grown": (
        lambda m: without(m, 0, 11),
        "atom 2 of the scaffold is an attachment but gained no bond",
    ),
    "hydrogen only": (lambda m: bonded(without(m, 0, 11), 0, 12), "gained nothing but hydrogen"),
    "pieces": (lambda m: without(m, 11, 13), "it falls into 2 pieces"),
    "too small": (lambda m: Molecule(m.numbers[:3], m.pos[:3], np.zeros((0, 3))), "it has 3 atoms"),
    "unbonded": (lambda m: replace(m, bonds=None), "cannot hold the scaffold"),
}


@pytest.mark.parametrize(("spoil", "objection"), SPOILED.values(), ids=SPOILED.keys())
def test_what_is_objected_to(right: Molecule, spoil: Callable[[Molecule], Molecule], objection: str) -> None:
    request = ScaffoldRequest(read_scaffold(toluene, "2", "c1ccccc1"))
    assert request.objection(right) is None
    assert request.objection(moved(right, 3, 5e-4)) is None
    assert objection in (request.objection(spoil(right)) or "")


def test_an_open_valence_left_open_is_objected_to(right: Molecule) -> None:
    request = ScaffoldRequest(read_scaffold(toluene, None, "c1ccccc1"))
    assert request.objection(right) is None
    assert request.objection(without(right, 0, 11)) == "atom 2 of the scaffold has a total bond order of 3"


def test_hydrogen_alone_is_no_growth() -> None:
    benzene = embed("c1ccccc1")
    request = ScaffoldRequest(read_scaffold(benzene))
    assert request.objection(benzene) == "nothing but hydrogen was added to the scaffold"
