"""Time grids fall from exactly 1 to exactly 0."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from molgen.core.errors import InputError
from molgen.sampling import DDIMSampler, UniformGrid


@given(steps=st.integers(1, 2000))
def test_uniform_times(steps: int) -> None:
    times = UniformGrid().times(steps)
    assert times.shape == (steps + 1,) and times.dtype == torch.float64
    assert times[0] == 1 and times[-1] == 0
    torch.testing.assert_close(-times.diff(), torch.full((steps,), 1 / steps, dtype=torch.float64))


@pytest.mark.parametrize("steps", [0, -3])
def test_no_steps_are_refused(steps: int) -> None:
    with pytest.raises(InputError, match=f"at least 1 step, got {steps}"):
        DDIMSampler(steps)
