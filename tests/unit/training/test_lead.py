"""Training with categories ahead of positions by a random exponent."""

from __future__ import annotations

import pytest
import torch

from molgen.core.errors import ConfigError
from molgen.noise import JointNoise
from molgen.training import DenoisingObjective
from molgen.training.lead import RandomLead
from molgen.training.task_mixture import TaskMixture


def test_exponents_fill_their_range() -> None:
    drawn = RandomLead(1.8).sample(4000, torch.Generator().manual_seed(0))
    assert drawn.min() >= 1 and drawn.max() <= 1.8
    assert drawn.mean().item() == pytest.approx(1.4, abs=0.02)


@pytest.mark.parametrize("most", [1.0, 0.5, float("nan")])
def test_an_exponent_that_leads_nowhere_is_refused(most: float) -> None:
    with pytest.raises(ConfigError, match="exponent above 1"):
        RandomLead(most)


def test_the_objective_corrupts_categories_less_than_positions(noise: JointNoise) -> None:
    """Each field is corrupted at its own times, and the exponent differs between molecules."""
    x0 = noise.prior(noise.template(torch.tensor([6] * 64)), torch.Generator().manual_seed(1))
    objective = DenoisingObjective(noise, tasks=TaskMixture(lead=RandomLead(2.0)))
    levels = objective.prepare(x0, torch.Generator().manual_seed(2)).levels
    exponent = levels["atom"].log()[:, 0] / levels["pos"].log()[:, 0]
    assert exponent.min() >= 1 - 1e-3 and exponent.max() <= 2 + 1e-3 and exponent.std() > 0.2
    plain = DenoisingObjective(noise).prepare(x0, torch.Generator().manual_seed(2)).levels
    assert torch.equal(plain["pos"], levels["pos"]) and levels.molecule_time is None
