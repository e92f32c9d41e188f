"""The polynomial schedule is EDM's table, and a schedule at any time between its entries."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from molgen.core.errors import ConfigError
from molgen.noise import PolynomialSchedule


def edm_table(steps: int, precision: float) -> NDArray[np.float64]:
    """``alpha^2`` at ``i / steps`` by EDM's recipe: floor the ratios of neighbours, multiply up, squeeze."""
    alpha_squared = (1 - (np.arange(steps + 1) / steps) ** 2) ** 2
    ratios = np.clip(alpha_squared[1:] / alpha_squared[:-1], 0.001, 1.0)
    floored = np.cumprod(np.concatenate([[1.0], ratios]))
    return np.asarray((1 - 2 * precision) * floored + precision)


@pytest.mark.parametrize(("steps", "precision"), [(1000, 1e-5), (1000, 1e-4), (50, 1e-5)])
def test_equals_the_published_table(steps: int, precision: float) -> None:
    times = torch.arange(steps + 1, dtype=torch.float64) / steps
    found = PolynomialSchedule(steps, precision).alpha_squared(times).numpy()
    np.testing.assert_allclose(found, edm_table(steps, precision), rtol=1e-9, atol=0)


def test_ends_of_the_default_schedule() -> None:
    """Level 0 keeps the noise ``sqrt(1e-5)``; level 1 keeps almost no signal, but some."""
    schedule, ends = PolynomialSchedule(), torch.tensor([0.0, 1.0], dtype=torch.float64)
    start, end = schedule.sigma(ends)[0], schedule.alpha(ends)[1]
    assert float(start) == pytest.approx(math.sqrt(1e-5), rel=1e-12)
    assert float(end) == pytest.approx(math.sqrt(1e-5 + (1 - 2e-5) * 0.001 * (1 - 0.999**2) ** 2), rel=1e-9)


@given(
    first=st.floats(0, 1), second=st.floats(0, 1), steps=st.integers(2, 4000), precision=st.floats(1e-6, 0.4)
)
def test_variance_is_preserved_and_log_snr_falls(
    first: float, second: float, steps: int, precision: float
) -> None:
    schedule = PolynomialSchedule(steps, precision)
    times = torch.tensor(sorted([first, second]), dtype=torch.float64)
    alpha, sigma, log_snr = schedule.alpha(times), schedule.sigma(times), schedule.log_snr(times)
    torch.testing.assert_close(alpha**2 + sigma**2, torch.ones_like(times), rtol=0, atol=1e-14)
    torch.testing.assert_close(log_snr, 2 * torch.log(alpha / sigma), rtol=1e-9, atol=1e-9)
    assert log_snr[0] >= log_snr[1] - 1e-12


def test_log_snr_falls_strictly_over_the_chain() -> None:
    """Every one of EDM's 1000 steps adds noise, in float32 as well."""
    times = torch.arange(1001, dtype=torch.float64) / 1000
    for dtype in (torch.float32, torch.float64):
        assert (PolynomialSchedule().log_snr(times.to(dtype)).diff() < 0).all()


def test_sigma_keeps_its_digits_near_data() -> None:
    """In float32, ``1 - alpha^2`` taken literally would lose half of sigma's digits at ``t = 1 / 1000``."""
    schedule, time = PolynomialSchedule(), torch.tensor([1e-3], dtype=torch.float64)
    torch.testing.assert_close(schedule.sigma(time.float()).double(), schedule.sigma(time), rtol=1e-6, atol=0)


@pytest.mark.parametrize(("steps", "precision"), [(1, 1e-5), (1000, 0.0), (1000, 0.5), (1000, -1e-5)])
def test_unusable_settings_are_refused(steps: int, precision: float) -> None:
    with pytest.raises(ConfigError, match=f"got {steps}, {precision}"):
        PolynomialSchedule(steps, precision)
