"""Bond perception agrees with the rule read out pair by pair, in any order, frame and padding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from molgen.chem import Molecule, bonds, perceive_bonds, perceive_orders
from molgen.chem.tables import EDM_LENGTHS_PM, EDM_MARGINS_PM, symbol

ELEMENTS = [1, 6, 7, 8, 9]


def order_by_the_book(first: int, second: int, distance_pm: float) -> int:
    """The published rule, one pair: a bond must be single before it can be more."""
    order = 0
    for table, margin in zip(EDM_LENGTHS_PM, EDM_MARGINS_PM, strict=True):
        pair = f"{symbol(first)} {symbol(second)}", f"{symbol(second)} {symbol(first)}"
        length = table.get(pair[0], table.get(pair[1]))
        if length is None or distance_pm >= length + margin:
            return order
        order += 1
    return order


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.floats(0.5, 3.0))
def test_agrees_with_the_rule_pair_by_pair(seed: int, atoms: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    numbers = rng.choice(ELEMENTS, atoms)
    pos = spread * rng.random((atoms, 3))
    orders = perceive_orders(numbers[None], pos[None])[0]
    for i in range(atoms):
        for j in range(atoms):
            distance = 100 * float(np.linalg.norm(pos[i] - pos[j]))
            expected = 0 if i == j else order_by_the_book(numbers[i], numbers[j], distance)
            assert orders[i, j] == expected


@pytest.mark.parametrize(
    ("distance", "order"), [(1.64, 0), (1.63, 1), (1.39, 1), (1.38, 2), (1.23, 2), (1.22, 3)]
)
def test_carbon_pair_at_the_edges_of_the_rule(distance: float, order: int) -> None:
    pos = np.array([[[0, 0, 0], [0, 0, distance]]])
    assert perceive_orders(np.array([[6, 6]]), pos)[0, 0, 1] == order


def test_chunks_and_padding_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    numbers = rng.choice([0, *ELEMENTS], (17, 6))
    pos = 2 * rng.random((17, 6, 3))
    whole = perceive_orders(numbers, pos)
    monkeypatch.setattr(bonds, "PAIRS_PER_CHUNK", 80)
    assert (perceive_orders(numbers, pos) == whole).all()
    padded = perceive_orders(np.pad(numbers, ((0, 0), (0, 4))), np.pad(pos, ((0, 0), (0, 4), (0, 0))))
    assert (padded[:, :6, :6] == whole).all()
    assert padded.sum() == whole.sum() > 0


def test_methane(methane: Molecule) -> None:
    (found,) = perceive_bonds([methane])
    assert found.bonds is not None
    assert found.bonds.tolist() == [[0, 1, 1], [0, 2, 1], [0, 3, 1], [0, 4, 1]]
    assert found.smiles == "C"


def test_equal_bonds_of_benzene_are_too_long_to_be_double(
    benzene: Molecule, kekule_benzene: Molecule
) -> None:
    equal, alternating = perceive_bonds([benzene, kekule_benzene])
    assert alternating.smiles == "c1ccccc1"
    assert equal.bonds is not None
    assert set(equal.bonds[:, 2].tolist()) == {1}


def test_many_sizes_at_once_keep_their_order(
    methane: Molecule, kekule_benzene: Molecule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bonds, "PAIRS_PER_CHUNK", 150)
    found = perceive_bonds([kekule_benzene, methane, kekule_benzene, methane, methane])
    assert [m.smiles for m in found] == ["c1ccccc1", "C", "c1ccccc1", "C", "C"]


def test_elements_outside_the_table_get_no_bond_and_are_named() -> None:
    chloroform_like = Molecule(np.array([6, 17, 1]), np.array([[0, 0, 0], [1.7, 0, 0], [0, 1.09, 0]]))
    (found,) = perceive_bonds([chloroform_like])
    assert found.bonds is not None
    assert found.bonds.tolist() == [[0, 2, 1]]
    assert found.failure is not None
    assert "Cl" in found.failure


def test_coordinates_that_are_not_finite_bond_to_nothing(methane: Molecule) -> None:
    pos = np.array(methane.pos)
    pos[1:3] = [[np.nan] * 3, [np.inf] * 3]
    orders = perceive_orders(methane.numbers[None], pos[None])[0]
    assert orders[1:3].sum() == 0
    assert orders[0].tolist() == [0, 0, 0, 1, 1]


def test_coincident_atoms_have_the_highest_order_of_their_pair() -> None:
    assert perceive_orders(np.array([[6, 8]]), np.zeros((1, 2, 3)))[0, 0, 1] == 3


def test_nothing_in_nothing_out() -> None:
    assert perceive_bonds([]) == []
    (empty,) = perceive_bonds([Molecule(np.zeros(0, dtype=int), np.zeros((0, 3)))])
    assert empty.failure == "it has no atoms"


def test_large_molecules_get_the_same_bonds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Near pairs alone give what all pairs give, unknown elements and lost coordinates included."""
    rng = np.random.default_rng(0)
    numbers = rng.choice([1, 6, 7, 8, 9, 17, 0], size=600)
    pos = rng.uniform(0, 12, size=(600, 3))
    pos[5], pos[9] = np.nan, np.inf
    molecule = Molecule(numbers, pos)
    (sparse,) = perceive_bonds([molecule])
    monkeypatch.setattr(bonds, "DENSE_ATOMS", 1000)
    (dense,) = perceive_bonds([molecule])
    assert sparse.bonds is not None and dense.bonds is not None and len(dense.bonds) > 100
    assert sparse.bonds.tolist() == dense.bonds.tolist()
