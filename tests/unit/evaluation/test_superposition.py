"""The distance after superposition has known values."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from molgen.core.geometry import random_rotation
from molgen.evaluation.relaxation import superposed_rmsd

POINTS = np.random.default_rng(5).normal(size=(7, 3))


def test_rigid_motions_are_no_distance() -> None:
    turn = random_rotation(1, torch.Generator().manual_seed(1), torch.float64)[0].numpy()
    assert superposed_rmsd(POINTS, POINTS @ turn.T + [5.0, -1.0, 2.0]) == pytest.approx(0, abs=1e-12)


def test_a_mirror_image_is_another_molecule() -> None:
    assert superposed_rmsd(POINTS, -POINTS) > 0.1


def test_scaling_about_the_centroid() -> None:
    centred = POINTS - POINTS.mean(axis=0)
    size = np.sqrt(np.square(centred).sum(axis=1).mean())
    assert superposed_rmsd(POINTS, 1.2 * POINTS) == pytest.approx(0.2 * size)


@pytest.mark.parametrize("points", [np.zeros((1, 3)), np.array([[0.0, 0, 0], [1, 0, 0]])])
def test_one_and_two_points(points: np.ndarray) -> None:
    assert superposed_rmsd(points, points[:, [1, 0, 2]] + 4.0) == pytest.approx(0, abs=1e-12)
    assert superposed_rmsd(points[:1], points[:1] + 1.0) == 0


def test_a_stretched_pair_moves_each_end_by_half() -> None:
    first = np.array([[0.0, 0, 0], [1, 0, 0]])
    assert superposed_rmsd(first, 1.5 * first) == pytest.approx(0.25)
