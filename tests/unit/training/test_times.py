"""Training times: one in each of equal intervals, in random order."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from molgen.core.errors import ConfigError
from molgen.training import StratifiedTimes


@given(count=st.integers(1, 500), seed=st.integers(0, 2**31))
def test_one_time_per_stratum(count: int, seed: int) -> None:
    """Every time lies in its own interval of width ``1 / count``, up to float32 rounding."""
    times = StratifiedTimes().sample(count, torch.Generator().manual_seed(seed)).sort().values
    edges = torch.arange(count + 1) / count
    assert times.shape == (count,) and times.dtype == torch.float32
    assert (times >= edges[:-1] - 1e-6).all() and (times <= edges[1:] + 1e-6).all()


def test_each_molecule_sees_all_times() -> None:
    """The order of the strata is random: over many batches the first molecule's time is uniform."""
    generator, times = torch.Generator().manual_seed(0), StratifiedTimes()
    first = torch.stack([times.sample(8, generator)[0] for _ in range(2000)])
    counts = torch.histc(first, bins=4, min=0, max=1)
    assert (counts - 500).abs().max() < 5 * (2000 * 0.25 * 0.75) ** 0.5


@given(count=st.integers(1, 64), steps=st.integers(1, 1000), seed=st.integers(0, 2**31))
def test_discrete_times_lie_on_the_chain(count: int, steps: int, seed: int) -> None:
    """With ``steps``, each time is the nearest ``i / steps`` of the time drawn without."""
    drawn = StratifiedTimes(steps).sample(count, torch.Generator().manual_seed(seed))
    continuous = StratifiedTimes().sample(count, torch.Generator().manual_seed(seed))
    torch.testing.assert_close(drawn * steps, (drawn * steps).round(), rtol=0, atol=1e-3)
    assert (drawn - continuous).abs().max() <= 0.5 / steps + 1e-6


def test_no_steps_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1 step, got 0"):
        StratifiedTimes(0)
