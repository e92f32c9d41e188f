"""Pieces of molecules: cuts at bonds outside rings, and what is told of the atoms where nothing grows."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from molgen.core import MolBatch
from molgen.core.errors import InputError
from molgen.core.fragments import GivenFragment, GivenPieces, bridges, free_around

Edges = list[tuple[int, int]]
BIPHENYL_LIKE: Edges = [(0, 1), (1, 2), (2, 3), (3, 0), (3, 4), (4, 5), (5, 6), (6, 7), (7, 4)]
"""Two rings of four atoms joined by the bond 3-4."""


def graph(edges: Edges, atoms: int, copies: int = 1, order: int = 1) -> MolBatch:
    """Copies of one molecule with bonds of one order and atoms at random places."""
    orders = torch.zeros(atoms, atoms, dtype=torch.int64)
    for i, j in edges:
        orders[i, j] = orders[j, i] = order
    bond = torch.nn.functional.one_hot(orders, 4).double().expand(copies, atoms, atoms, 4)
    pos = torch.randn(copies, atoms, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return MolBatch(torch.ones(copies, atoms, dtype=torch.bool), pos, bond=bond).masked()


def components(bonded: Tensor) -> int:
    """Number of connected components of ``(N, N)`` bonds."""
    reach = torch.linalg.matrix_power(bonded.double() + torch.eye(len(bonded)), len(bonded)) > 0
    return len({tuple(row) for row in reach.tolist()})


def test_bridges_are_the_bonds_whose_loss_disconnects() -> None:
    """Against brute force on random graphs, disconnected ones and large rings among them."""
    rng = np.random.default_rng(0)
    for atoms in (2, 5, 9, 20):
        for density in (0.05, 0.15, 0.3):
            bonded = torch.from_numpy(np.triu(rng.random((atoms, atoms)) < density, k=1))
            bonded = bonded | bonded.T
            found = bridges(bonded.unsqueeze(0))[0]
            for i, j in itertools.combinations(range(atoms), 2):
                without = bonded.clone()
                without[i, j] = without[j, i] = False
                lost = bool(bonded[i, j]) and components(without) > components(bonded)
                assert bool(found[i, j]) == bool(found[j, i]) == lost


def test_a_ring_of_thirty_is_a_ring() -> None:
    ring = graph([(i, (i + 1) % 30) for i in range(30)], 30)
    assert not bridges(ring["bond"][..., 1:].sum(-1) > 0).any()


def test_pieces_are_whole_rings_and_something_is_left() -> None:
    """With one bond to cut, one ring or the other is given, each about half the time."""
    molecules = graph(BIPHENYL_LIKE, 8, copies=400)
    given = ~GivenPieces(cuts=3, told=0.0).free(molecules, torch.Generator().manual_seed(0))["pos"]
    first, second = given[:, :4], given[:, 4:]
    assert torch.equal(first.all(dim=1), first.any(dim=1)) and torch.equal(second.all(1), second.any(1))
    assert torch.equal(first[:, 0], ~second[:, 0])
    assert 140 < int(first[:, 0].sum()) < 260


def test_linkers_occur() -> None:
    """Of a chain cut twice the outer two pieces are sometimes given and the middle one drawn."""
    chain = graph([(i, i + 1) for i in range(7)], 8, copies=400)
    given = ~GivenPieces(cuts=2, told=0.0).free(chain, torch.Generator().manual_seed(0))["pos"]
    runs = (given[:, 1:] != given[:, :-1]).sum(dim=1)
    linkers = given[:, 0] & given[:, -1] & (runs == 2)
    assert 20 < int(linkers.sum()) < 200
    assert given.any(dim=1).all() and not given.all(dim=1).any()


@pytest.mark.parametrize(
    "molecules", [graph([(i, (i + 1) % 6) for i in range(6)], 6), graph([(0, 1)], 2, 1, 2)]
)
def test_without_a_single_bond_outside_rings_nothing_is_given(molecules: MolBatch) -> None:
    free = GivenPieces().free(molecules, torch.Generator().manual_seed(0))
    assert all(pattern.all() for pattern in free.values())


@pytest.mark.parametrize("task", [GivenPieces(told=1.0), GivenFragment(told=1.0)])
def test_closed_atoms_are_those_that_gain_nothing(task: GivenPieces | GivenFragment) -> None:
    """Told of all molecules: a pair of a given and a free atom is noisy just where the given atom grows."""
    molecules = graph([(i, i + 1) for i in range(9)], 10, copies=50)
    free = task.free(molecules, torch.Generator().manual_seed(1))
    given = ~free["pos"]
    grows = ((molecules["bond"][..., 1:].sum(-1) > 0) & ~given.unsqueeze(1)).any(dim=2) & given
    cross = given.unsqueeze(2) & ~given.unsqueeze(1)
    assert torch.equal(free["bond"] & cross, cross & grows.unsqueeze(2))
    assert torch.equal(free["bond"], free["bond"].transpose(1, 2))
    assert not (molecules["bond"][..., 1:].sum(-1) > 0)[~free["bond"] & cross].any()


def test_half_are_told() -> None:
    molecules = graph([(i, i + 1) for i in range(9)], 10, copies=600)
    told = (free := GivenPieces(told=0.5).free(molecules, torch.Generator().manual_seed(2)))["bond"]
    cross = (~free["pos"]).unsqueeze(2) & free["pos"].unsqueeze(1)
    count = int(((~told) & cross).flatten(1).any(dim=1).sum())
    assert 220 < count < 380


def test_atoms_that_are_not_given_cannot_be_closed() -> None:
    molecules = graph([(0, 1), (1, 2)], 3)
    given = torch.tensor([[True, False, False]])
    free = free_around(molecules, given, closed=torch.tensor([[True, True, False]]))
    assert free["bond"][0].tolist() == [[False] * 3, [False, True, True], [False, True, True]]


def test_impossible_arguments_are_refused() -> None:
    with pytest.raises(InputError, match="at least once"):
        GivenPieces(cuts=0)
    with pytest.raises(InputError, match=r"in \[0, 1\]"):
        GivenFragment(told=1.5)
