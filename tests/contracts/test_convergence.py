"""Deterministic samplers converge to the flow of the exact denoiser at their order.

For the known Gaussian the flow has a closed form: each principal coordinate moves from the prior to
``mean + sqrt(variance) x / sqrt(alpha^2 variance + sigma^2)``, so that the error needs no finer chain.
"""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from exact_gaussian import ExactDenoiser, GaussianPositions, Models
from torch import Tensor

from molgen.core import NoiseSchedule
from molgen.noise import CosineSchedule, JointNoise, LinearSchedule, PositionNoise
from molgen.sampling import SAMPLERS, ReverseSampler

SCHEDULES = {"linear": LinearSchedule(), "cosine": CosineSchedule()}
ORDERS = {"euler": 1, "heun": 2, "dpm": 2}
STEPS = (512, 1024)
COUNT = 16
UNIT = 1.4


def flow(model: GaussianPositions, prior: Tensor) -> Tensor:
    """Where the exact flow takes prior draws ``(B, n, 3)``: the marginals' optimal map, axis by axis."""
    white = prior.flatten(start_dim=1) @ model.axes / UNIT
    return model.positions(white * model.variances.sqrt())


def errors(sampler: type[ReverseSampler], noise: JointNoise, models: Models) -> list[float]:
    """Root mean square distance to the flow, angstrom, for each number of steps."""
    ((atoms, model),) = models.items()
    template = noise.template(torch.full((COUNT,), atoms), dtype=torch.float64)
    start = noise.prior(template, torch.Generator().manual_seed(5)).pos
    exact = flow(model, start)
    found = []
    for steps in STEPS:
        generator = torch.Generator().manual_seed(5)
        drawn = sampler(steps)(ExactDenoiser(models, noise), noise, template, generator).molecules.pos
        found.append(float((drawn - exact).square().mean().sqrt()))
    return found


def slopes(found: list[float]) -> list[float]:
    """Orders between neighbouring numbers of steps."""
    return [math.log2(coarse / fine) for coarse, fine in pairwise(found)]


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize(("name", "order"), ORDERS.items())
def test_error_falls_at_the_samplers_order(
    noise: JointNoise, models: Models, name: str, order: int, schedule: NoiseSchedule
) -> None:
    """The last slope lies within 0.1, or 0.3 at second order, and the finest chain is close to the flow.

    Second-order errors fall as ``log(steps) / steps^2``, a slope of 1.86 at 1000 steps, since steps of equal
    time are long against the time that is left near the data.
    """
    joint = JointNoise(noise.vocab, {"pos": PositionNoise(schedule, UNIT)})
    found = errors(SAMPLERS[name], joint, {3: models[3]})
    measured = slopes(found)
    assert abs(measured[-1] - order) < (0.1 if order == 1 else 0.3), (
        f"{name}: errors {found}, slopes {measured}, order {order}"
    )
    assert found[-1] < (0.002 if order == 1 else 2e-5), f"{name}: errors {found}, slopes {measured}"
