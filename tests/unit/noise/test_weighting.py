"""Loss weights as functions of the signal-to-noise ratio."""

from __future__ import annotations

import pytest
import torch

from molgen.core.errors import ConfigError
from molgen.noise import ClampedWeighting, LinearSchedule


def test_clamped_weight_undoes_the_preconditioning() -> None:
    """``1 / c_out^2 = (alpha^2 + sigma^2) / sigma^2`` inside the clamp."""
    t = torch.linspace(0.05, 0.95, 19, dtype=torch.float64)
    alpha, sigma = LinearSchedule().alpha(t), LinearSchedule().sigma(t)
    found = ClampedWeighting(0.0, 2500.0)(LinearSchedule().log_snr(t))
    torch.testing.assert_close(found, (alpha**2 + sigma**2) / sigma**2)


def test_both_ends_are_clamped() -> None:
    """Clean entries, at an infinite ratio, get the largest weight, and pure noise the smallest."""
    ends = LinearSchedule().log_snr(torch.tensor([0.0, 1.0]))
    assert ClampedWeighting(1.5, 100.0)(ends).tolist() == [100.0, 1.5]


@pytest.mark.parametrize(("low", "high"), [(-1.0, 2.0), (3.0, 3.0)])
def test_an_empty_clamp_is_refused(low: float, high: float) -> None:
    with pytest.raises(ConfigError, match="0 <= low < high"):
        ClampedWeighting(low, high)
