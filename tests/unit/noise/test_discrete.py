"""One-hots and integers under Gaussian noise: probabilities by numerical integration, rounding at the end."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from molgen.noise import IntegerNoise, OneHotNoise, PolynomialSchedule

WIDE = PolynomialSchedule(precision=0.01)
"""Level 0 keeps a tenth of the noise, so that neighbouring values are confused often enough to measure."""
ONE = torch.ones(1, 1, dtype=torch.bool)
NO_PREDICTION = torch.zeros(1, 1, 1)


def mass(centre: float, scale: float) -> float:
    """``N(centre, scale^2)`` integrated over [-1/2, 1/2] with the midpoint rule."""
    points = (np.arange(200_000) + 0.5) / 200_000 - 0.5
    density = np.exp(-0.5 * ((points - centre) / scale) ** 2) / (scale * math.sqrt(2 * math.pi))
    return float(density.mean())


def one_hot_probabilities(process: OneHotNoise, x_0: Tensor) -> Tensor:
    """``p(category | x_0)`` of each category, from the reconstruction term."""
    width = len(x_0)
    nll = [
        process.reconstruction_nll(row.view(1, 1, width), x_0.view(1, 1, width), NO_PREDICTION, ONE)
        for row in torch.eye(width, dtype=torch.float64)
    ]
    return torch.cat(nll).neg().exp()


@pytest.mark.parametrize("unit", [1.0, 4.0, 10.0])
def test_one_hot_probabilities_are_integrals(unit: float) -> None:
    """Each category's entry integrated within 1/2 of 1, normalised over categories."""
    process, scale = OneHotNoise(WIDE, unit), 0.1 * unit
    x_0 = torch.tensor([0.9, 0.4, -0.2, 0.1], dtype=torch.float64)
    masses = np.array([mass(value - 1, scale) for value in x_0.tolist()])
    found = one_hot_probabilities(process, x_0)
    np.testing.assert_allclose(found.numpy(), masses / masses.sum(), rtol=1e-6, atol=1e-8)
    assert float(found.sum()) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("unit", [1.0, 4.0, 10.0])
def test_integer_probabilities_are_integrals(unit: float) -> None:
    """The mass within 1/2 of each integer; over all integers they sum to one."""
    process, scale, x_0 = IntegerNoise(WIDE, unit), 0.1 * unit, 6.4
    integers = torch.arange(-20, 33, dtype=torch.float64)
    state = torch.full((len(integers), 1, 1), x_0, dtype=torch.float64)
    mask = ONE.expand(len(integers), 1)
    nll = process.reconstruction_nll(integers.view(-1, 1, 1), state, state, mask)
    expected = [mass(x_0 - value, scale) for value in integers.tolist()]
    np.testing.assert_allclose(nll.neg().exp().numpy(), expected, rtol=1e-6, atol=2e-10)
    assert float(nll.neg().exp().sum()) == pytest.approx(1, abs=1e-8)


def test_edm_recovers_its_values_surely() -> None:
    """At EDM's own settings the noise left at level 0 confuses nothing: almost no nats."""
    mask, generator = torch.ones(100, 20, dtype=torch.bool), torch.Generator().manual_seed(0)
    atom = torch.nn.functional.one_hot(torch.randint(0, 5, mask.shape, generator=generator), 5).double()
    number = torch.randint(1, 10, (*mask.shape, 1), generator=generator).double()
    times = torch.zeros(mask.shape, dtype=torch.float64)
    onehots, integers = OneHotNoise(PolynomialSchedule(), 4.0), IntegerNoise(PolynomialSchedule(), 10.0)
    for process, x0 in ((onehots, atom), (integers, number)):
        x_0 = process.corrupt(x0, times, mask, generator)
        assert process.reconstruction_nll(x0, x_0, x0, mask).max() < 1e-6
        assert torch.equal(process.reconstruct(x_0, x0, mask, generator), x0)


@pytest.mark.parametrize(
    ("process", "state", "expected"),
    [
        (OneHotNoise(WIDE), [[0.2, 1.4], [-0.1, -0.5], [9.0, 9.0]], [[0, 1], [1, 0], [0, 0]]),
        (IntegerNoise(WIDE), [[6.4], [7.6], [9.0]], [[6], [8], [0]]),
    ],
)
def test_clean_values_are_the_most_probable(
    process: OneHotNoise, state: list[list[float]], expected: list[list[int]]
) -> None:
    """The prediction is not asked, padding (the third atom) is zero."""
    x_0, mask = torch.tensor([state]), torch.tensor([[True, True, False]])
    drawn = process.reconstruct(x_0, torch.full_like(x_0, math.nan), mask, torch.Generator())
    assert torch.equal(drawn, torch.tensor([expected], dtype=drawn.dtype))


@pytest.mark.parametrize("process", [OneHotNoise(WIDE, 4.0), IntegerNoise(WIDE, 10.0)])
def test_padding_costs_nothing(process: OneHotNoise) -> None:
    """The term of a padded molecule is that of the molecule alone, and probabilities have no volume."""
    x0, x_0 = torch.tensor([[[1.0], [1.0]]]), torch.tensor([[[0.8], [-3.0]]])
    alone = process.reconstruction_nll(x0[:, :1], x_0[:, :1], x_0[:, :1], ONE)
    padded = process.reconstruction_nll(x0, x_0, x_0, torch.tensor([[True, False]]))
    assert torch.equal(padded, alone)
    assert torch.equal(process.log_volume(ONE, 5), torch.zeros(1))
