"""Given the exact denoiser of a known Gaussian, the variational bound is the true NLL.

What cannot be exact is the discretisation of the chain. For this linear model it has a closed form: the
gap to the true NLL is ``c / T`` per dimension with ``c`` tending to ``pi / (2 sqrt(2 precision))``, 351
nats for EDM's 1e-5. It comes from ``t`` near 0.002, where the noise leaves its floor and a step at
``T = 1000`` changes the SNR by a third: 0.38 nats per dimension there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
import torch
from exact_gaussian import (
    MULTIPLE,
    SIZES,
    ExactDenoiser,
    GaussianPositions,
    Models,
    draw_batch,
    scaled,
    true_nll,
)
from torch import Tensor

from molgen.data.size_prior import SizePrior
from molgen.noise import JointNoise, PolynomialSchedule, PositionNoise, VariationalBound
from molgen.noise.likelihood import TERMS

SIZE_PRIOR = SizePrior({3: 1, 5: 3})


def positions_noise(noise: JointNoise, unit: float) -> JointNoise:
    """EDM's noise on positions, of another unit."""
    return JointNoise(noise.vocab, {"pos": PositionNoise(PolynomialSchedule(), unit)})


REPLICATES = 16


@dataclass(frozen=True)
class Excess:
    """Bound minus true NLL in nats, over independent batches.

    Attributes:
        batches: ``(REPLICATES,)`` mean of each batch. Times are stratified within a batch, so that only
            the spread between batches, not the one within, measures the error.
    """

    batches: Tensor

    @property
    def mean(self) -> float:
        """Mean over all molecules."""
        return float(self.batches.mean())

    @property
    def error(self) -> float:
        """Standard error of the mean."""
        return float(self.batches.std()) / REPLICATES**0.5

    def __sub__(self, other: Excess) -> Excess:
        """Difference on the same molecules, times and noise."""
        return Excess(self.batches - other.batches)


def measure_excess(
    denoiser: ExactDenoiser, truth: Models, steps: int, terms: Sequence[str] = ("nll",)
) -> Excess:
    """Estimate the bound on 4000 molecules of each size a batch and subtract ``-log p(x, N)``."""
    generator = torch.Generator().manual_seed(3)
    bound = VariationalBound(denoiser.noise, steps, SIZE_PRIOR.log_prob)
    batches = []
    for _ in range(REPLICATES):
        x0 = draw_batch(truth, dict.fromkeys(SIZES, 4000), generator)
        parts = bound(denoiser, x0, generator)
        size_nll = torch.where(x0.num_atoms == 3, math.log(4), math.log(4 / 3))
        total = torch.stack([parts[term] for term in terms]).sum(dim=0)
        batches.append((total - true_nll(truth, x0) - size_nll).mean())
    return Excess(torch.stack(batches))


def expected_gap(steps: int, model: GaussianPositions, unit: float = 1.0) -> float:
    """Mean of the bound minus the true NLL of a Gaussian, in nats, in closed form.

    Along an axis of variance ``v`` (noise units) ``Var(x0 | x_t) = 1 / (SNR_t + 1 / v)``, which the
    expectation of each term follows from.
    """
    schedule = PolynomialSchedule()
    variances = model.variances / unit**2
    times = torch.arange(steps, -1, -1, dtype=torch.float64) / steps
    log_snr = schedule.log_snr(times)
    snr = log_snr.exp().unsqueeze(1)
    unknown = 1 / (snr + 1 / variances)
    diffusion = 0.5 * ((snr[1:] - snr[:-1]) * unknown[:-1]).sum(dim=0)
    alpha, sigma = schedule.alpha(times[0]), schedule.sigma(times[0])
    prior = 0.5 * (alpha**2 * variances + sigma**2 - 1 - 2 * sigma.log())
    reconstruction = 0.5 * (snr[-1] * unknown[-1] - log_snr[-1] + math.log(2 * math.pi))
    entropy = 0.5 * (1 + torch.log(2 * math.pi * variances))
    shift = 0.5 * (alpha * model.mean / unit).square().sum()
    return float((prior + diffusion + reconstruction - entropy).sum() + shift)


def mean_gap(steps: int, models: Models, unit: float = 1.0) -> float:
    """:func:`expected_gap` over equal numbers of molecules of each size."""
    return sum(expected_gap(steps, model, unit) for model in models.values()) / len(models)


@pytest.mark.parametrize("unit", [1.0, 2.0])
def test_bound_equals_the_true_nll(noise: JointNoise, models: Models, unit: float) -> None:
    """At ``T = 100,000``, where the gap is below the Monte-Carlo error; the unit cancels."""
    steps = 100_000
    denoiser = ExactDenoiser(models, positions_noise(noise, unit))
    excess = measure_excess(denoiser, models, steps)
    assert mean_gap(steps, models, unit) < excess.error < 0.3
    assert abs(excess.mean) < MULTIPLE * excess.error


def test_bound_without_its_volume_term_is_wrong(noise: JointNoise, models: Models) -> None:
    """The test above sees a forgotten change of variables: ``3 (n - 1) log 2``, 6.2 nats on average."""
    terms = [term for term in TERMS if term != "volume"]
    denoiser = ExactDenoiser(models, positions_noise(noise, 2.0))
    excess = measure_excess(denoiser, models, 100_000, terms=terms)
    assert excess.mean + 9 * math.log(2) == pytest.approx(0, abs=MULTIPLE * excess.error)
    assert abs(excess.mean) > 20 * excess.error


@pytest.mark.parametrize("steps", [250, 1000, 4000])
def test_excess_of_a_short_chain_is_its_discretisation(
    positions_only: JointNoise, models: Models, steps: int
) -> None:
    """The measured excess over the true NLL is the closed-form gap, and clearly not zero."""
    excess = measure_excess(ExactDenoiser(models, positions_only), models, steps)
    gap = mean_gap(steps, models)
    assert gap > 2 * excess.error
    assert abs(excess.mean - gap) < MULTIPLE * excess.error


def test_gap_vanishes_like_one_over_steps(models: Models) -> None:
    """``T gap`` tends to ``pi / (2 sqrt(2 precision))`` per dimension."""
    limit = math.pi / (2 * math.sqrt(2 * 1e-5))
    for atoms, model in models.items():
        scaled_gaps = [
            steps * expected_gap(steps, model) / (3 * atoms - 3) for steps in (4000, 16_000, 64_000)
        ]
        assert scaled_gaps == pytest.approx([limit] * 3, rel=0.02)
        changes = [abs(a - b) for a, b in pairwise(scaled_gaps)]
        assert changes[1] < changes[0] / 3


def test_a_wrong_denoiser_pays_its_divergence(positions_only: JointNoise, models: Models) -> None:
    """Believing in variances 30 % too large costs ``KL(true || believed)``, 0.14 nats; errors cancel."""
    wrong = ExactDenoiser({atoms: scaled(model) for atoms, model in models.items()}, positions_only)
    right = measure_excess(ExactDenoiser(models, positions_only), models, 1000)
    paid = measure_excess(wrong, models, 1000) - right
    divergence = 9 * 0.5 * (1 / 1.3 - 1 + math.log(1.3))
    assert paid.error < divergence / 10
    assert abs(paid.mean - divergence) < MULTIPLE * paid.error


def test_unit_is_only_a_choice_of_scale(noise: JointNoise, models: Models) -> None:
    """Molecules and unit both doubled: each term is what it was, and the volume grows by ``d log 2``."""
    doubled = {n: GaussianPositions(2 * m.mean, m.axes, 4 * m.variances) for n, m in models.items()}
    x0 = draw_batch(models, dict.fromkeys(SIZES, 50), torch.Generator().manual_seed(0))
    parts = {}
    for unit, known in ((1.0, models), (2.0, doubled)):
        joint = positions_noise(noise, unit)
        bound = VariationalBound(joint, 1000, SIZE_PRIOR.log_prob)
        scaled_up = x0.replace(pos=unit * x0.pos)
        parts[unit] = bound(ExactDenoiser(known, joint), scaled_up, torch.Generator().manual_seed(1))
    for term in ("prior", "diffusion", "reconstruction", "size"):
        torch.testing.assert_close(parts[2.0][term], parts[1.0][term])
    dimensions = 3 * (x0.num_atoms - 1)
    assert not parts[1.0]["volume"].any()
    torch.testing.assert_close(parts[2.0]["volume"], dimensions * math.log(2), check_dtype=False)
