"""Guidance is the line through two estimates; it counts both and needs a condition."""

from __future__ import annotations

from typing import ClassVar

import pytest
import torch

from molgen.core import Denoiser, LevelSupport, MolBatch, NoiseLevels, Symmetry
from molgen.core.contracts import Condition
from molgen.core.errors import ConfigError, InputError
from molgen.noise import JointNoise
from molgen.sampling import AncestralSampler, Guided


class Shift(Denoiser):
    """Estimates ``x_t`` plus the condition, or ``x_t`` without one."""

    symmetry: ClassVar[Symmetry] = Symmetry.E3
    level_support: ClassVar[LevelSupport] = LevelSupport.PER_ENTRY

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[bool] = []

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base."""
        self.calls.append(bool(cond))
        shift = cond["gap"].view(-1, 1, 1) if cond else torch.zeros(1, 1, 1)
        return x_t.map(lambda _, value: value + shift).masked()


@pytest.fixture
def x_t(noise: JointNoise, generator: torch.Generator) -> MolBatch:
    return noise.prior(noise.template(torch.tensor([3, 2])), generator)


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0, 3.0])
def test_moves_scale_times_as_far(x_t: MolBatch, scale: float) -> None:
    levels = NoiseLevels.uniform(torch.tensor([0.5, 0.5]), x_t)
    gap = torch.tensor([1.0, -2.0])
    guided = Guided(Shift(), scale)(x_t, levels, {"gap": gap})
    for name, value in x_t.items():
        expected = (value + scale * gap.view(-1, 1, 1)) * x_t.entry_mask(name).unsqueeze(-1)
        torch.testing.assert_close(guided[name], expected)


def test_a_sampler_asks_for_labels_and_counts_both_evaluations(noise: JointNoise, x_t: MolBatch) -> None:
    """Labels of the template reach the denoiser; every step costs two evaluations."""
    inner = Shift()
    template = x_t.labelled({"gap": torch.zeros(2)})
    drawn = AncestralSampler(steps=4)(Guided(inner, 2.0), noise, template, torch.Generator().manual_seed(0))
    assert drawn.nfe == len(inner.calls) == 10
    assert inner.calls == [False, True] * 5


def test_without_a_condition_or_with_a_negative_scale_it_refuses(x_t: MolBatch) -> None:
    levels = NoiseLevels.uniform(torch.tensor([0.5, 0.5]), x_t)
    with pytest.raises(ConfigError, match="guidance needs conditions"):
        Guided(Shift(), 2.0)(x_t, levels)
    with pytest.raises(InputError, match="guidance must be 0 or more"):
        Guided(Shift(), -1.0)
