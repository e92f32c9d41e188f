"""Given the exact denoiser of a known Gaussian, samplers return that Gaussian and the bound its NLL.

Every sampler in ``configs/sampling`` is tested; adding a YAML there adds its tests. What cannot be
exact is the discretisation of the chain. For this linear model it has a closed form, so it is known:

- Samples, 1000 steps: variances are 0.7 % (ancestral) and 0.3 % (DDIM) too small, and the prior at
  ``alpha(1) = 0.003`` pulls DDIM's mean by 0.3 % of the mean. With 6000 molecules of each size the
  standard errors are 1.8 % of a variance and 1.3 % of a standard deviation, above the bias.
- Samples, 100 steps: variances are 6 % (ancestral) and 3 % (DDIM) too small.
- Bound: the gap to the true NLL is ``c / T`` per dimension with ``c`` tending to
  ``pi / (2 sqrt(2 precision))``, 351 nats for EDM's 1e-5. It comes from ``t`` near 0.002, where the noise
  leaves its floor and a step at ``T = 1000`` changes the SNR by a third: 0.38 nats per dimension there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from exact_gaussian import ExactDenoiser, GaussianPositions, Models, assert_moments, draw_batch, true_nll
from torch import Tensor

from molgen.core import Denoiser
from molgen.data.size_prior import SizePrior
from molgen.noise import JointNoise, PolynomialSchedule, PositionNoise, VariationalBound
from molgen.noise.likelihood import TERMS
from molgen.sampling import AncestralSampler, Generator, ReverseSampler

CONFIGS = sorted((Path(__file__).parents[2] / "configs" / "sampling").glob("*.yaml"))
Build = Callable[[Path, object], Callable[..., Any]]
SIZES = (3, 5)
MULTIPLE = 5.0
"""Allowed standard errors: the worst of about 100 numbers exceeds it once in 20,000 seeds."""


@pytest.fixture(scope="module")
def positions_only(noise: JointNoise) -> JointNoise:
    """EDM's noise on positions, alone."""
    return JointNoise(noise.vocab, {"pos": noise.processes["pos"]})


@pytest.fixture(scope="module")
def models() -> Models:
    """One random Gaussian per size."""
    generator = torch.Generator().manual_seed(11)
    return {atoms: GaussianPositions.random(atoms, generator) for atoms in SIZES}


def sampler_with_steps(build: Build, path: Path, steps: int, folder: Path) -> ReverseSampler:
    """The sampler of a YAML, its number of steps changed."""
    config = yaml.safe_load(path.read_text())
    config["init_args"]["sampler"]["init_args"]["steps"] = steps
    variant = folder / path.name
    variant.write_text(yaml.safe_dump(config))
    factory = build(variant, Callable[[Denoiser, JointNoise], Generator])
    sampler: ReverseSampler = factory(None, None).sampler
    return sampler


def draw(sampler: ReverseSampler, denoiser: Denoiser, noise: JointNoise, count: int) -> dict[int, Tensor]:
    """Sample ``count`` molecules of each size in one padded batch: size to ``(count, size, 3)``."""
    template = noise.template(torch.tensor(SIZES).repeat_interleave(count), dtype=torch.float64)
    drawn = sampler(denoiser, noise, template, torch.Generator().manual_seed(5)).molecules.pos
    return {atoms: drawn[i * count : (i + 1) * count, :atoms] for i, atoms in enumerate(SIZES)}


@pytest.mark.parametrize(("steps", "count", "bias"), [(1000, 6000, 0.0), (100, 20_000, 0.065)])
@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_samplers_recover_the_gaussian(
    build: Build,
    positions_only: JointNoise,
    models: Models,
    tmp_path: Path,
    path: Path,
    steps: int,
    count: int,
    bias: float,
) -> None:
    """Mean and covariance agree within 5 standard errors, plus a stated bias for few steps."""
    sampler = sampler_with_steps(build, path, steps, tmp_path)
    drawn = draw(sampler, ExactDenoiser(models, positions_only), positions_only, count)
    for atoms, model in models.items():
        assert_moments(drawn[atoms], model, MULTIPLE, bias)


def scaled(model: GaussianPositions) -> GaussianPositions:
    """Variances 30 % too large."""
    return GaussianPositions(model.mean, model.axes, 1.3 * model.variances)


def isotropic(model: GaussianPositions) -> GaussianPositions:
    """The right total variance, but no correlation between atoms or axes."""
    return GaussianPositions(model.mean, model.axes, model.variances.mean().expand_as(model.variances))


def shifted(model: GaussianPositions) -> GaussianPositions:
    """A mean 10 % too large."""
    return GaussianPositions(1.1 * model.mean, model.axes, model.variances)


@pytest.mark.parametrize(
    ("spoil", "what"), [(scaled, "covariance"), (isotropic, "covariance"), (shifted, "mean")]
)
def test_a_wrong_denoiser_is_caught(
    positions_only: JointNoise,
    models: Models,
    spoil: Callable[[GaussianPositions], GaussianPositions],
    what: str,
) -> None:
    """The assertion above fails, even with the bias it allows at 100 steps, for a denoiser that is wrong."""
    wrong = ExactDenoiser({atoms: spoil(model) for atoms, model in models.items()}, positions_only)
    drawn = draw(AncestralSampler(100), wrong, positions_only, 6000)
    for atoms, model in models.items():
        with pytest.raises(AssertionError, match=f"^{what}: off by"):
            assert_moments(drawn[atoms], model, MULTIPLE, 0.065)


class TimidNoise(PositionNoise):
    """Draws 10 % too little noise, at the start and in every step."""

    def prior(self, like: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        return 0.9 * super().prior(like, mask, generator)


class OffCentreNoise(PositionNoise):
    """Forgets to project its noise."""

    def project(self, noise: Tensor, mask: Tensor) -> Tensor:
        return noise * mask.unsqueeze(-1)


@pytest.mark.parametrize(("broken", "what"), [(TimidNoise, "covariance"), (OffCentreNoise, "centre of mass")])
def test_a_wrong_step_is_caught(
    noise: JointNoise, models: Models, broken: type[PositionNoise], what: str
) -> None:
    """So is a right denoiser walked wrongly."""
    joint = JointNoise(noise.vocab, {"pos": broken(PolynomialSchedule())})
    drawn = draw(AncestralSampler(100), ExactDenoiser(models, joint), joint, 6000)
    for atoms, model in models.items():
        with pytest.raises(AssertionError, match=f"^{what}: off by"):
            assert_moments(drawn[atoms], model, MULTIPLE, 0.065)


SIZE_PRIOR = SizePrior({3: 1, 5: 3})


def positions_noise(noise: JointNoise, unit: float) -> JointNoise:
    """EDM's noise on positions, of another unit."""
    return JointNoise(noise.vocab, {"pos": PositionNoise(PolynomialSchedule(), unit)})


@dataclass(frozen=True)
class Excess:
    """Bound minus true NLL over molecules: its mean and the standard error of the mean, nats."""

    mean: float
    error: float


def measure_excess(
    denoiser: ExactDenoiser, truth: Models, steps: int, count: int, terms: Sequence[str] = ("nll",)
) -> Excess:
    """Estimate the bound on ``count`` molecules of each size and subtract ``-log p(x, N)``, pairwise."""
    generator = torch.Generator().manual_seed(3)
    x0 = draw_batch(truth, dict.fromkeys(SIZES, count), generator)
    parts = VariationalBound(denoiser.noise, steps, SIZE_PRIOR.log_prob)(denoiser, x0, generator)
    size_nll = torch.where(x0.num_atoms == 3, math.log(4), math.log(4 / 3))
    excess = torch.stack([parts[term] for term in terms]).sum(dim=0) - true_nll(truth, x0) - size_nll
    return Excess(float(excess.mean()), float(excess.std()) / len(x0) ** 0.5)


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
    excess = measure_excess(denoiser, models, steps, count=100_000)
    assert mean_gap(steps, models, unit) < excess.error < 0.25
    assert abs(excess.mean) < 4 * excess.error


def test_bound_without_its_volume_term_is_wrong(noise: JointNoise, models: Models) -> None:
    """The test above sees a forgotten change of variables: ``3 (n - 1) log 2``, 6.2 nats on average."""
    terms = [term for term in TERMS if term != "volume"]
    denoiser = ExactDenoiser(models, positions_noise(noise, 2.0))
    excess = measure_excess(denoiser, models, 100_000, count=100_000, terms=terms)
    assert excess.mean + 9 * math.log(2) == pytest.approx(0, abs=4 * excess.error)
    assert abs(excess.mean) > 20 * excess.error


@pytest.mark.parametrize("steps", [250, 1000, 4000])
def test_excess_of_a_short_chain_is_its_discretisation(
    positions_only: JointNoise, models: Models, steps: int
) -> None:
    """The measured excess over the true NLL is the closed-form gap, and clearly not zero."""
    excess = measure_excess(ExactDenoiser(models, positions_only), models, steps, count=100_000)
    gap = mean_gap(steps, models)
    assert gap > 4 * excess.error
    assert abs(excess.mean - gap) < 4 * excess.error


def test_gap_vanishes_like_one_over_steps(models: Models) -> None:
    """``T gap`` tends to ``pi / (2 sqrt(2 precision))`` per dimension."""
    limit = math.pi / (2 * math.sqrt(2 * 1e-5))
    for atoms, model in models.items():
        scaled_gaps = [steps * expected_gap(steps, model) / (3 * atoms - 3) for steps in (4000, 16_000, 64_000)]
        assert scaled_gaps == pytest.approx([limit] * 3, rel=0.02)
        changes = [abs(a - b) for a, b in pairwise(scaled_gaps)]
        assert changes[1] < changes[0] / 3


def test_bound_of_a_wrong_denoiser_is_larger(positions_only: JointNoise, models: Models) -> None:
    """A denoiser that believes in other variances pays for it."""
    wrong = ExactDenoiser({atoms: scaled(model) for atoms, model in models.items()}, positions_only)
    right = measure_excess(ExactDenoiser(models, positions_only), models, 1000, count=100_000)
    paid = measure_excess(wrong, models, 1000, count=100_000)
    assert paid.mean - right.mean > 4 * math.hypot(paid.error, right.error)


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
