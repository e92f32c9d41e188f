"""Adaptive clipping follows EDM's rule and resumes where it stopped."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
import torch

from molgen.core.errors import ConfigError
from molgen.training.callbacks import AdaptiveGradientClipping


class Recorder(torch.nn.Linear):
    """A module of two parameters that keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(2, 1, bias=False)
        self.logged: dict[str, float] = {}

    def log_dict(self, values: dict[str, float]) -> None:
        """Keep the values, as a LightningModule would."""
        self.logged = values


def clip(callback: AdaptiveGradientClipping, norm: float) -> tuple[float, dict[str, float]]:
    """Present a gradient of a given norm; return the norm that is left and what was logged."""
    module = Recorder()
    module.weight.grad = torch.tensor([[0.6, 0.8]]) * norm
    callback.on_before_optimizer_step(Mock(), module, Mock())
    return float(module.weight.grad.norm()), module.logged


def test_limit_is_three_halves_of_the_mean_plus_two_deviations() -> None:
    """Worked by hand: after norms 1 and 3 the mean is 2 and the deviation 1, so the limit is 5."""
    callback = AdaptiveGradientClipping(window=2, initial=10.0)
    assert clip(callback, 1.0)[1]["train/grad_limit"] == pytest.approx(15)
    clip(callback, 3.0)
    left, logged = clip(callback, 40.0)
    assert left == pytest.approx(5, rel=1e-4)
    assert logged == pytest.approx({"train/grad_norm": 40, "train/grad_limit": 5}, rel=1e-6)


def test_small_gradients_pass_unchanged() -> None:
    callback = AdaptiveGradientClipping(window=5, initial=2.0)
    assert clip(callback, 2.9)[0] == pytest.approx(2.9, rel=1e-6)
    assert callback.norms[-1] == pytest.approx(2.9, rel=1e-6)


def test_a_clipped_norm_is_remembered_as_its_limit() -> None:
    """One explosion must not raise the limit to its own height."""
    callback = AdaptiveGradientClipping(window=3, initial=2.0)
    clip(callback, 1e6)
    assert list(callback.norms) == pytest.approx([2, 3])


def test_old_norms_are_forgotten() -> None:
    callback = AdaptiveGradientClipping(window=3, initial=3000.0)
    for norm in (1.0, 2.0, 3.0):
        clip(callback, norm)
    assert list(callback.norms) == pytest.approx([1, 2, 3])


def test_state_survives_a_checkpoint() -> None:
    """A resumed run clips, and goes on forgetting, as the run that was not interrupted."""
    first, resumed = (AdaptiveGradientClipping(window=3, initial=7.0) for _ in range(2))
    for norm in (1.0, 2.0, 5.0):
        clip(first, norm)
    resumed.load_state_dict(first.state_dict())
    for norm in (40.0, 3.0, 100.0):
        assert clip(resumed, norm) == clip(first, norm)
    assert resumed.state_dict() == first.state_dict()


def test_a_window_of_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 2 norms, got 1"):
        AdaptiveGradientClipping(window=1)
