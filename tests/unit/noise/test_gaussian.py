"""Gaussian noise agrees with formulas derived apart from it: joint Gaussians and torch.distributions."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from molgen.core.errors import ConfigError
from molgen.core.geometry import centre
from molgen.noise import (
    ClampedWeighting,
    EpsilonWeighting,
    GaussianNoise,
    LinearSchedule,
    PolynomialSchedule,
    PositionNoise,
)
from molgen.noise.process import StepTimes
from molgen.noise.weighting import LossWeighting

SCHEDULE = PolynomialSchedule()
MASK = torch.arange(5) < torch.tensor([5, 3, 1]).unsqueeze(1)
PROCESSES = [GaussianNoise(SCHEDULE, unit=4.0), PositionNoise(SCHEDULE, unit=1.5)]
BY_NAME = pytest.mark.parametrize("process", PROCESSES, ids=lambda process: type(process).__name__)
TIMES = st.floats(0.002, 1).flatmap(lambda t: st.tuples(st.just(t), st.floats(0, 0.999 * t)))


def clean(seed: int, process: GaussianNoise) -> Tensor:
    """Random values in the subspace of the process, ``(3, 5, 3)``."""
    white = torch.randn(3, 5, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return process.project(2 * white, MASK)


def everywhere(time: float) -> Tensor:
    """The same time for every atom."""
    return torch.full(MASK.shape, time, dtype=torch.float64)


def shares(time: float) -> tuple[float, float]:
    """``alpha`` and ``sigma``."""
    value = torch.tensor(time, dtype=torch.float64)
    return float(SCHEDULE.alpha(value)), float(SCHEDULE.sigma(value))


def posterior(x0: Tensor, x_t: Tensor, times: tuple[float, float], unit: float) -> tuple[Tensor, float]:
    """Condition the joint Gaussian of ``(x_s, x_t)`` given ``x0`` on ``x_t``: mean and variance.

    ``x_t = (alpha_t / alpha_s) x_s + fresh noise`` gives ``Cov(x_s, x_t) = (alpha_t / alpha_s) Var(x_s)``.
    """
    (alpha_t, sigma_t), (alpha_s, sigma_s) = shares(times[0]), shares(times[1])
    variance_s, variance_t = (unit * sigma_s) ** 2, (unit * sigma_t) ** 2
    covariance = alpha_t / alpha_s * variance_s
    mean = alpha_s * x0 + covariance / variance_t * (x_t - alpha_t * x0)
    return mean, variance_s - covariance**2 / variance_t


def basis(atoms: int, process: GaussianNoise) -> Tensor:
    """Orthonormal coordinates ``(5, d)`` over the atoms of one Cartesian axis, from an SVD."""
    projector = torch.zeros(5, 5, dtype=torch.float64)
    projector[:atoms, :atoms] = torch.eye(atoms, dtype=torch.float64)
    if isinstance(process, PositionNoise):
        projector[:atoms, :atoms] -= 1 / atoms
    left, values, _ = torch.linalg.svd(projector)
    return left[:, values > 0.5]


def in_coordinates(process: GaussianNoise, *values: Tensor) -> list[list[Tensor]]:
    """Each molecule's values in coordinates of its own subspace, in noise units."""
    bases = [basis(int(atoms), process) for atoms in MASK.sum(dim=1)]
    return [[axes.T @ value[row] / process.unit for value in values] for row, axes in enumerate(bases)]


@BY_NAME
@pytest.mark.parametrize("time", [0.0, 0.4, 1.0])
def test_corruption_has_the_stated_moments(process: GaussianNoise, time: float) -> None:
    """Mean ``alpha x0`` and covariance ``(sigma unit)^2`` times the projector, within 5 standard errors."""
    count, (alpha, sigma) = 20_000, shares(time)
    x0 = clean(0, process)[1]
    repeated, mask = x0.expand(count, 5, 3), MASK[1].expand(count, 5)
    times = torch.full(mask.shape, time, dtype=torch.float64)
    noisy = process.corrupt(repeated, times, mask, torch.Generator().manual_seed(1))
    deviation = (noisy - alpha * repeated) / (sigma * process.unit)
    assert deviation.mean(dim=0).abs().max() < 5 / math.sqrt(count)
    rows = deviation.transpose(1, 2).reshape(-1, 5)
    axes = basis(3, process)
    assert (rows.T @ rows / len(rows) - axes @ axes.T).abs().max() < 5 * math.sqrt(2 / len(rows))


@BY_NAME
@given(times=TIMES, seed=st.integers(0, 2**31))
def test_ancestral_step_draws_from_the_posterior(
    process: GaussianNoise, times: tuple[float, float], seed: int
) -> None:
    """Given the true ``x0``, a step is the posterior's mean plus its deviation times prior noise."""
    x0 = clean(seed, process)
    x_t = process.corrupt(x0, everywhere(times[0]), MASK, torch.Generator().manual_seed(seed))
    moves = StepTimes(everywhere(times[0]), everywhere(times[1]))
    x_s = process.step(x_t, x0, moves, 1.0, MASK, torch.Generator().manual_seed(7))
    mean, variance = posterior(x0, x_t, times, process.unit)
    fresh = process.prior(x0, MASK, torch.Generator().manual_seed(7)) / process.unit
    torch.testing.assert_close(x_s, mean + math.sqrt(variance) * fresh, rtol=1e-7, atol=1e-7)


@BY_NAME
@given(times=TIMES, seed=st.integers(0, 2**31))
def test_deterministic_step_keeps_the_noise(
    process: GaussianNoise, times: tuple[float, float], seed: int
) -> None:
    """Given the true ``x0``, DDIM moves ``x_t(x0, eps)`` to ``x_s(x0, eps)``, drawing nothing."""
    x0, generator = clean(seed, process), torch.Generator().manual_seed(seed)
    x_t, x_s = (
        process.corrupt(x0, everywhere(time), MASK, torch.Generator().manual_seed(5)) for time in times
    )
    before = generator.get_state()
    moves = StepTimes(everywhere(times[0]), everywhere(times[1]))
    torch.testing.assert_close(process.step(x_t, x0, moves, 0.0, MASK, generator), x_s, rtol=1e-9, atol=1e-9)
    assert torch.equal(generator.get_state(), before)


@BY_NAME
@given(times=TIMES, stochasticity=st.floats(0.01, 1))
def test_stochasticity_scales_the_deviation(
    process: GaussianNoise, times: tuple[float, float], stochasticity: float
) -> None:
    """A share of the posterior's deviation is drawn afresh, the rest of ``sigma_s`` keeps the old noise."""
    x0, (alpha_t, sigma_t), (alpha_s, sigma_s) = clean(0, process), shares(times[0]), shares(times[1])
    old, fresh = (process.prior(x0, MASK, torch.Generator().manual_seed(seed)) for seed in (5, 7))
    moves = StepTimes(everywhere(times[0]), everywhere(times[1]))
    x_t = alpha_t * x0 + sigma_t * old
    x_s = process.step(x_t, x0, moves, stochasticity, MASK, torch.Generator().manual_seed(7))
    drawn = stochasticity * math.sqrt(posterior(x0, x_t, times, 1.0)[1])
    expected = alpha_s * x0 + math.sqrt(sigma_s**2 - drawn**2) * old + drawn * fresh
    torch.testing.assert_close(x_s, expected, rtol=1e-6, atol=1e-6)


@BY_NAME
@pytest.mark.parametrize("stochasticity", [0.0, 0.5, 1.0])
def test_nothing_leaves_the_subspace(process: GaussianNoise, stochasticity: float) -> None:
    """Padded entries are exactly zero and positions stay centred, from prior to reconstruction."""
    generator, x0 = torch.Generator().manual_seed(0), clean(1, process)
    moves = StepTimes(everywhere(0.7), everywhere(0.6))
    values = [process.prior(x0, MASK, generator), process.corrupt(x0, everywhere(0.7), MASK, generator)]
    values.append(process.step(values[-1], x0, moves, stochasticity, MASK, generator))
    values.append(process.reconstruct(values[-1], x0, MASK, generator))
    for value in values:
        assert not value[~MASK].any()
        torch.testing.assert_close(process.project(value, MASK), value, rtol=0, atol=1e-12)
    if isinstance(process, PositionNoise):
        assert all(float(value[2].abs().max()) < 1e-12 for value in values), "one atom sits at the origin"


@BY_NAME
def test_padding_of_a_prediction_is_dropped(process: GaussianNoise) -> None:
    """Whatever a prediction holds in padded entries, states and molecules hold exact zeros there."""
    x0, generator = clean(0, process), torch.Generator().manual_seed(0)
    dirty = x0 + (~MASK).unsqueeze(-1) * 7.0
    moves = StepTimes(everywhere(0.7), everywhere(0.6))
    assert not process.step(x0, dirty, moves, 1.0, MASK, generator)[~MASK].any()
    assert not process.reconstruct(x0, dirty, MASK, generator)[~MASK].any()


@BY_NAME
@given(time=st.floats(0.001, 1), seed=st.integers(0, 2**31))
def test_loss_is_the_squared_error_of_the_noise(process: GaussianNoise, time: float, seed: int) -> None:
    """For an ``x0_hat`` made from a guess ``eps_hat``, the loss is ``|eps_hat - eps|^2`` per molecule."""
    alpha, sigma = shares(time)
    x0, eps, eps_hat = clean(seed, process), clean(seed + 1, process), clean(seed + 2, process)
    x_t = alpha * x0 + sigma * process.unit * eps
    x0_hat = (x_t - sigma * process.unit * eps_hat) / alpha
    found = process.loss(x0_hat, x0, everywhere(time), MASK)
    torch.testing.assert_close(found, (eps_hat - eps).square().sum(dim=(1, 2)), rtol=1e-6, atol=1e-9)


def test_loss_ignores_padding() -> None:
    """Whatever a prediction holds in padded entries costs nothing."""
    process = PROCESSES[0]
    x0 = clean(0, process)
    dirty = x0 + (~MASK).unsqueeze(-1) * 7.0
    assert not process.loss(dirty, x0, everywhere(0.5), MASK).any()
    assert (process.loss(x0 + 1, x0, everywhere(0.5), MASK) > 0).all()


@BY_NAME
def test_prior_kl_is_that_of_two_normals(process: GaussianNoise) -> None:
    alpha, sigma = shares(1.0)
    x0 = clean(3, process)
    expected = [
        kl_divergence(Normal(alpha * value, sigma), Normal(0.0, 1.0)).sum()
        for (value,) in in_coordinates(process, x0)
    ]
    torch.testing.assert_close(process.prior_kl(x0, MASK), torch.stack(expected), rtol=1e-6, atol=1e-12)


@BY_NAME
@given(times=TIMES, seed=st.integers(0, 2**31))
def test_step_kl_is_that_of_two_posteriors(
    process: GaussianNoise, times: tuple[float, float], seed: int
) -> None:
    """``p(x_s | x_t)`` is the posterior with the prediction in place of ``x0``."""
    x0, x0_hat, x_t = clean(seed, process), clean(seed + 1, process), clean(seed + 2, process)
    moves = StepTimes(everywhere(times[0]), everywhere(times[1]))
    expected = []
    for true, guess, state in in_coordinates(process, x0, x0_hat, x_t):
        (mean, variance), (guessed, _) = (posterior(value, state, times, 1.0) for value in (true, guess))
        deviation = math.sqrt(variance)
        expected.append(kl_divergence(Normal(mean, deviation), Normal(guessed, deviation)).sum())
    torch.testing.assert_close(
        process.step_kl(x_t, x0_hat, x0, moves, MASK), torch.stack(expected), rtol=1e-5, atol=1e-12
    )


@BY_NAME
def test_reconstruction_and_volume_make_a_density(process: GaussianNoise) -> None:
    """Together they are ``-log N(x0; x0_hat, (unit sigma_0 / alpha_0)^2)`` in the field's own unit.

    The volume of a unit is a constant in float32.
    """
    alpha, sigma = shares(0.0)
    x0 = clean(0, process)
    x0_hat = x0 + 0.01 * clean(1, process)
    expected = []
    for true, guess in in_coordinates(process, x0 * process.unit, x0_hat * process.unit):
        deviation = torch.full_like(guess, process.unit * sigma / alpha)
        expected.append(-Normal(guess, deviation).log_prob(true).sum())
    found = process.reconstruction_nll(x0, x0, x0_hat, MASK) + process.log_volume(MASK, 3)
    torch.testing.assert_close(found, torch.stack(expected), rtol=1e-6, atol=1e-6)


def test_reconstruction_draws_around_the_prediction() -> None:
    """Positions at the end are ``x0_hat`` plus projected noise of scale ``sigma_0 / alpha_0``."""
    process, count, (alpha, sigma) = PROCESSES[1], 20_000, shares(0.0)
    x0_hat = clean(0, process)[0].expand(count, 5, 3)
    mask = MASK[0].expand(count, 5)
    drawn = process.reconstruct(torch.zeros_like(x0_hat), x0_hat, mask, torch.Generator().manual_seed(0))
    deviation = (drawn - x0_hat) * alpha / (sigma * process.unit)
    square = float(deviation.square().sum(dim=(1, 2)).mean())
    assert square == pytest.approx(12, abs=5 * math.sqrt(24 / count))
    torch.testing.assert_close(centre(drawn, mask), drawn, rtol=0, atol=1e-12)


@pytest.mark.parametrize("unit", [0.0, -1.0, math.nan])
def test_a_unit_must_be_positive(unit: float) -> None:
    with pytest.raises(ConfigError, match="noise unit must be positive"):
        PositionNoise(SCHEDULE, unit)


@pytest.mark.parametrize("weighting", [EpsilonWeighting(), ClampedWeighting()])
def test_given_entries_have_no_gradient(weighting: LossWeighting) -> None:
    """At time 0 of a straight path the weight is infinite; it must reach neither loss nor gradient."""
    process = PositionNoise(LinearSchedule(), weighting=weighting)
    x0 = torch.zeros(1, 3, 3, dtype=torch.float64)
    x0_hat = torch.ones_like(x0, requires_grad=True)
    times = torch.tensor([[0.0, 0.5, 0.5]], dtype=torch.float64)
    process.loss(x0_hat, x0, times, times > 0).sum().backward()
    assert x0_hat.grad is not None
    assert x0_hat.grad.isfinite().all()
    assert not x0_hat.grad[0, 0].any()
    assert x0_hat.grad[0, 1:].all()


@pytest.mark.parametrize("weighting", [EpsilonWeighting(), ClampedWeighting()])
def test_clean_entries_have_no_loss(weighting: LossWeighting) -> None:
    """Times that are rounded may be 0, where the weight of the noise's error is infinite."""
    process = GaussianNoise(LinearSchedule(), weighting=weighting)
    time = torch.tensor([0.0, 0.0, 0.5, 0.5, 0.5])
    x0 = torch.ones(1, 5, 3)
    x0_hat = (x0 + torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0]).view(1, 5, 1)).requires_grad_()
    loss = process.loss(x0_hat, x0, time.unsqueeze(0), torch.tensor([[True, True, True, True, False]]))
    loss.backward()
    assert x0_hat.grad is not None
    moved = x0_hat.grad.abs().sum(dim=2) > 0
    assert loss.isfinite() and moved.tolist() == [[False, False, True, False, False]]


def test_pure_noise_and_broken_times_have_their_loss() -> None:
    """Only what is clean is left out: at ``t = 1`` there is everything to learn, and NaN must be seen."""
    process = GaussianNoise(LinearSchedule(), weighting=ClampedWeighting())
    x0, mask = torch.ones(1, 1, 3), torch.ones(1, 1, dtype=torch.bool)
    at_end, near, broken = (
        process.loss(x0 + 1, x0, torch.tensor([[time]]), mask).item() for time in (1.0, 0.999999, math.nan)
    )
    assert at_end == pytest.approx(near, rel=1e-3) and at_end > 0
    assert math.isnan(broken)
