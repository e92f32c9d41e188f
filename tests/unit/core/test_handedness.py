"""Signs of products of coordinates: which side is which, joining, taking, gradients."""

from __future__ import annotations

import pytest
import torch

from molgen.core.handedness import Handedness, Side, joined

CENTRE = Side((0, 1, 2, 3), positive=True)
BOND = Side((0, 1, 2, 3), positive=True, turning=(3,))
TURN = torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.87, -0.5, 0.0], [-0.87, -0.5, 0.0]])
"""Seen from the first point, the others turn clockwise."""
CIS = torch.tensor([[-0.5, 1.0, 0.2], [0.0, 0.0, 0.0], [1.3, 0.0, 0.0], [1.9, 0.8, -0.1]])


def test_clockwise_volumes_are_positive_and_change_sign_in_a_mirror() -> None:
    hands = Handedness.of([[CENTRE]], 4)
    product = hands.shown(TURN[None])
    assert product.item() == pytest.approx(2.61, abs=1e-5)
    torch.testing.assert_close(hands.shown(TURN[None] * torch.tensor([1.0, 1.0, -1.0])), -product)


def test_neighbours_of_a_double_bond_on_the_same_side_are_positive() -> None:
    hands = Handedness.of([[BOND]], 4)
    trans = CIS.clone()
    trans[3] = trans[3] * torch.tensor([1.0, -1.0, -1.0])
    assert hands.shown(CIS[None]).item() == pytest.approx(0.8 - 0.02, abs=1e-5)
    assert hands.shown(trans[None]).item() == pytest.approx(-0.8 + 0.02, abs=1e-5)


def test_products_do_not_change_under_rotation_and_translation() -> None:
    hands = Handedness.of([[CENTRE, BOND]], 4)
    rotation, _ = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(1)))
    rotation = rotation * torch.linalg.det(rotation)
    for points in (TURN, CIS):
        torch.testing.assert_close(
            hands.shown((points @ rotation + 2.0)[None]), hands.shown(points[None]), atol=1e-4, rtol=1e-4
        )


def test_molecules_that_want_nothing_are_padded_with_zeros() -> None:
    hands = Handedness.of([[], [CENTRE, BOND], [Side((3, 2, 1, 0), positive=False)]], 4)
    assert hands.wanted.tolist() == [[0, 0], [1, 1], [-1, 0]]
    assert hands.planar.tolist() == [[False, False], [False, True], [False, False]]
    assert hands.take(torch.tensor([2, 1]), 4).wanted.tolist() == [[-1, 0], [1, 1]]
    assert hands.take(torch.tensor([2]), 4).atoms[0, 0].tolist() == [3, 2, 1, 0]


def test_joining_pads_to_the_most() -> None:
    both = joined([Handedness.of([[BOND]], 4), Handedness.of([[CENTRE, CENTRE], []], 6)])
    assert both.wanted.tolist() == [[1, 0], [1, 1], [0, 0]]
    assert both.planar.tolist() == [[True, False], [False, False], [False, False]]
    assert both.atoms.shape == (3, 2, 4) and both.turning.shape == (3, 2, 6)
    assert both.turning[0, 0].tolist() == [False, False, False, True, False, False]
    assert both.take(torch.tensor([0]), 4).turning.shape == (1, 2, 4)
