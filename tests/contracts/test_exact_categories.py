"""Given the exact denoiser of known categories, every sampler returns their joint distribution."""

from __future__ import annotations

import pytest
import torch
from exact_categories import ExactCategories, assert_shares, drawn_states, random_shares
from torch import Tensor

from molgen.core import NoiseSchedule, Vocab
from molgen.noise import (
    AbsorbingCategorical,
    CosineSchedule,
    JointNoise,
    LinearSchedule,
    PositionNoise,
    UniformCategorical,
)
from molgen.noise.categorical import CategoricalNoise
from molgen.sampling import SAMPLERS

STEPS, COUNT = 24, 2000
MULTIPLE = 5.0
BIAS = 0.02
"""Half a step: within one, entries are drawn apart, and the last prediction ends the chain."""
SCHEDULES = {"linear": LinearSchedule(), "cosine": CosineSchedule()}
KINDS = [UniformCategorical, AbsorbingCategorical]
NAMES = {kind: name for name, kind in SAMPLERS.items()}.values()
"""One name for every sampler."""


def joint_noise(kind: type[CategoricalNoise], schedule: NoiseSchedule) -> JointNoise:
    """Three elements and bonds of one kind of noise; positions are there because they must be."""
    processes = {"pos": PositionNoise(LinearSchedule()), "atom": kind(schedule), "bond": kind(schedule)}
    return JointNoise(Vocab(["H", "C", "N"]), processes)


def draw(noise: JointNoise, shares: Tensor, name: str, churn: float) -> Tensor:
    """States of ``COUNT`` molecules."""
    template = noise.template(torch.full((COUNT,), 2), dtype=torch.float64)
    generator = torch.Generator().manual_seed(2)
    samples = SAMPLERS[name](STEPS, churn=churn)(ExactCategories(shares, noise), noise, template, generator)
    return drawn_states(samples.molecules)


@pytest.fixture(scope="module")
def shares() -> Tensor:
    """A random joint distribution."""
    return random_shares(torch.Generator().manual_seed(1))


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_samplers_recover_the_categories(
    shares: Tensor, name: str, kind: type[CategoricalNoise], schedule: NoiseSchedule
) -> None:
    """Marginals of every entry and of every two agree within 5 standard errors and a stated bias."""
    assert_shares(draw(joint_noise(kind, schedule), shares, name, 0.0), shares, MULTIPLE, BIAS)


@pytest.mark.parametrize("kind", KINDS)
def test_churn_keeps_the_distribution(shares: Tensor, kind: type[CategoricalNoise]) -> None:
    """Stepping too far and noising back changes molecules, not their law."""
    noise = joint_noise(kind, LinearSchedule())
    stirred = draw(noise, shares, "ancestral", 0.3)
    assert_shares(stirred, shares, MULTIPLE, BIAS)
    assert not torch.equal(stirred, draw(noise, shares, "ancestral", 0.0))


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_denoiser_is_caught(shares: Tensor, kind: type[CategoricalNoise]) -> None:
    """One that takes the entries for independent gets their marginals right and nothing else."""
    grid = shares.view(3, 3, 4)
    apart = torch.einsum("i,j,k->ijk", grid.sum((1, 2)), grid.sum((0, 2)), grid.sum((0, 1))).flatten()
    states = draw(joint_noise(kind, LinearSchedule()), apart, "ancestral", 0.0)
    assert_shares(states, apart, MULTIPLE, BIAS)
    with pytest.raises(AssertionError, match="shares summed over"):
        assert_shares(states, shares, MULTIPLE, BIAS)
