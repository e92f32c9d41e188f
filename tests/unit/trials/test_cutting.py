"""Parts of molecules whose every cut is known, and the requests that are made of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from molgen.chem.conformers import embed
from molgen.chem.molecule import Molecule
from molgen.control.scaffold import ScaffoldRequest
from molgen.trials import HeldOut, Occasion
from molgen.trials.cutting import (
    Mask,
    kept_parts,
    outer_pieces,
    piece,
    random_part,
    request_about,
    ring_system,
)

STREAM = np.random.default_rng(0)


def heavy(molecule: Molecule, part: Mask | None) -> set[int]:
    assert part is not None
    return set(np.flatnonzero(part & (molecule.numbers > 1)).tolist())


def test_ring_systems_are_whole_and_keep_their_hydrogens() -> None:
    indane = embed("CC1Cc2ccccc2C1")
    part = ring_system(indane, STREAM)
    assert heavy(indane, part) == set(range(1, 10))
    assert part is not None and part.sum() == 9 + 4 + 4 + 1
    assert ring_system(embed("CCCCO"), STREAM) is None
    assert ring_system(embed("C1CC1"), STREAM) is None, "nothing heavy is left to draw"


def test_pieces_are_one_side_of_one_acyclic_single_bond() -> None:
    molecule = embed("CCOC1CC1")
    sides = {frozenset(heavy(molecule, piece(molecule, STREAM))) for _ in range(60)}
    assert sides == {frozenset(s) for s in ({0, 1}, {2, 3, 4, 5}, {0, 1, 2}, {3, 4, 5})} | {
        frozenset({1, 2, 3, 4, 5})
    }
    assert piece(embed("C1CC1"), STREAM) is None


def test_linkers_leave_out_the_middle_and_keep_two_ends_of_two_heavy_atoms() -> None:
    molecule = embed("CCOCC")
    assert heavy(molecule, outer_pieces(molecule, STREAM)) == {0, 1, 3, 4}
    assert outer_pieces(embed("CCOC"), STREAM) is None
    assert outer_pieces(embed("CC1CCC1C"), STREAM) is None


def test_held_out_molecules_answer_what_is_asked_about_them(held_out: HeldOut, occasion: Occasion) -> None:
    """The part comes first, as in drawn molecules, so the molecule itself must satisfy the request."""
    stream, asked = torch.Generator().manual_seed(0), 0
    for molecule in held_out:
        for part, named in [
            (random_part(molecule, occasion.setting, stream), False),
            (ring_system(molecule, STREAM), True),
            (piece(molecule, STREAM), True),
            (outer_pieces(molecule, STREAM), True),
        ]:
            if part is not None:
                asked += 1
                request = request_about(molecule, part, named)
                assert request is not None, molecule
                assert request.num_atoms == (molecule.num_atoms,) * 2
                assert np.array_equal(request.scaffold.molecule.pos, molecule.pos[part])
    assert asked > 40


def about(smiles: str) -> tuple[Molecule, ScaffoldRequest, Mask]:
    molecule = embed(smiles)
    part = piece(molecule, np.random.default_rng(1))
    assert part is not None
    request = request_about(molecule, part, named=True)
    assert request is not None
    return molecule, request, part


def test_kept_means_unmoved_and_unchanged() -> None:
    molecule, request, part = about("CCOCC")
    wanted = request.scaffold.molecule
    order = np.concatenate([np.flatnonzero(part), np.flatnonzero(~part)])
    place = order.argsort()
    assert molecule.bonds is not None
    bonds = np.column_stack([place[molecule.bonds[:, :2]], molecule.bonds[:, 2]])
    charges = np.zeros(len(order), dtype=np.int64)
    answer = Molecule(molecule.numbers[order], molecule.pos[order], bonds, charges)
    other_element = answer.numbers.copy()
    other_element[0] = 7
    moved = answer.pos.copy()
    moved[0] += 2e-3
    wrong = [
        replace(answer, pos=moved),
        replace(answer, numbers=other_element),
        replace(answer, bonds=bonds[1:] if (bonds[0, :2] < wanted.num_atoms).all() else bonds[:-1]),
        replace(answer, pos=answer.pos * np.nan),
        Molecule(answer.numbers[:1], answer.pos[:1], np.zeros((0, 3)), charges[:1]),
    ]
    assert list(kept_parts([answer], [wanted], 1e-3)) == [True]
    assert list(kept_parts(wrong, [wanted] * len(wrong), 1e-3)) == [False] * len(wrong)


@pytest.mark.parametrize("named", [True, False])
def test_severed_atoms_may_grow(named: bool) -> None:
    molecule = embed("CCOCC")
    part = outer_pieces(molecule, STREAM)
    assert part is not None
    request = request_about(molecule, part, named)
    assert request is not None
    assert request.scaffold.open.sum() == 2
    assert len(request.scaffold.named) == (2 if named else 0)
