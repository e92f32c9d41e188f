"""Geometry on padded batches: centring, random orthogonal matrices, superposition."""

from __future__ import annotations

import math

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from molgen.core.geometry import (
    centre,
    kabsch,
    masked_mean,
    pairwise_differences,
    random_orthogonal,
    random_rotation,
)

SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=4)
SEEDS = st.integers(0, 2**31)


def points(sizes: list[int], generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Random points ``(B, N, 3)`` with garbage in padded entries, and their mask."""
    mask = torch.arange(max(sizes)) < torch.tensor(sizes).unsqueeze(1)
    return 3 + torch.randn(*mask.shape, 3, generator=generator, dtype=torch.float64), mask


@given(SIZES, SEEDS)
def test_centre_removes_the_mean_once(sizes: list[int], seed: int) -> None:
    """The mean over real atoms is zero, padding is zero, and a second time changes nothing."""
    pos, mask = points(sizes, torch.Generator().manual_seed(seed))
    centred = centre(pos, mask)
    torch.testing.assert_close(masked_mean(centred, mask), torch.zeros_like(centred[:, :1]))
    assert not centred[~mask].any()
    torch.testing.assert_close(centre(centred, mask), centred)
    torch.testing.assert_close(centre(pos + 5, mask), centred)


def test_mean_of_no_atoms_is_zero() -> None:
    """An empty molecule has no NaN."""
    values = torch.zeros(1, 2, 3)
    assert torch.equal(masked_mean(values, torch.zeros(1, 2, dtype=torch.bool)), values[:, :1])


@given(SIZES, SEEDS)
def test_differences_point_from_second_to_first(sizes: list[int], seed: int) -> None:
    """Entry i, j is position i minus position j."""
    pos, _ = points(sizes, torch.Generator().manual_seed(seed))
    difference = pairwise_differences(pos)
    assert torch.equal(difference, -difference.transpose(1, 2))
    assert torch.equal(difference[:, -1, 0], pos[:, -1] - pos[:, 0])


def test_rotations_are_special_orthogonal() -> None:
    """R R^T = 1 and det R = 1, in the requested type."""
    matrices = random_rotation(500, torch.Generator().manual_seed(0), torch.float64)
    torch.testing.assert_close(matrices @ matrices.mT, torch.eye(3).double().expand(500, 3, 3))
    torch.testing.assert_close(torch.linalg.det(matrices), torch.ones(500).double())
    assert random_rotation(1, torch.Generator().manual_seed(0)).dtype == torch.float32


def test_rotations_are_uniform() -> None:
    """Haar moments: E[R_ij] = 0, E[R_ij R_kl] = 1/3 for equal indices and else 0, E[tr^3] = 1.

    Bounds are 5 standard errors: variances are 1/3, below 1/5 and 4 for the three moments.
    """
    count = 40_000
    flat = random_rotation(count, torch.Generator().manual_seed(3), torch.float64).flatten(1)
    assert flat.mean(dim=0).abs().max() < 5 * math.sqrt(1 / 3 / count)
    second = flat.T @ flat / count
    assert (second - torch.eye(9).double() / 3).abs().max() < 5 * math.sqrt(1 / 5 / count)
    trace = flat[:, [0, 4, 8]].sum(dim=1)
    spread = trace.pow(3).std() / math.sqrt(count)
    assert (trace.pow(3).mean() - 1).abs() < 5 * spread


def test_orthogonal_matrices_are_reflected_half_the_time() -> None:
    """Determinants are +1 or -1, each half the time within 5 standard errors."""
    count = 4_000
    matrices = random_orthogonal(count, torch.Generator().manual_seed(0), torch.float64)
    determinants = torch.linalg.det(matrices)
    torch.testing.assert_close(determinants.abs(), torch.ones(count).double())
    assert determinants.mean().abs() < 5 / math.sqrt(count)


def test_the_same_seed_gives_the_same_rotations() -> None:
    """Random draws come from the generator alone."""
    first, second = (random_rotation(3, torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, random_rotation(3, torch.Generator().manual_seed(8)))


@given(st.lists(st.integers(4, 9), min_size=1, max_size=4), SEEDS)
def test_kabsch_recovers_the_rotation(sizes: list[int], seed: int) -> None:
    """Points in general position, rotated: the rotation comes back."""
    generator = torch.Generator().manual_seed(seed)
    pos, mask = points(sizes, generator)
    moving = centre(pos, mask)
    rotation = random_rotation(len(sizes), generator, torch.float64)
    torch.testing.assert_close(kabsch(moving, moving @ rotation.mT, mask), rotation, atol=1e-8, rtol=0)


@given(SIZES, SEEDS)
def test_kabsch_is_proper_and_no_worse_than_other_rotations(sizes: list[int], seed: int) -> None:
    """Also for mirror images and for too few points, it is a rotation, and none of 20 others beats it."""
    generator = torch.Generator().manual_seed(seed)
    pos, mask = points(sizes, generator)
    moving = centre(pos, mask)
    target = -moving
    best = kabsch(moving, target, mask)
    torch.testing.assert_close(torch.linalg.det(best), torch.ones(len(sizes)).double())
    error = (moving @ best.mT - target).square().sum(dim=(1, 2))
    for _ in range(20):
        other = random_rotation(len(sizes), generator, torch.float64)
        assert (error <= (moving @ other.mT - target).square().sum(dim=(1, 2)) + 1e-9).all()
