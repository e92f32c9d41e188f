"""Noise schedules: how much signal and how much noise at time t.

Every schedule is a pure function of a tensor of times; see ``NoiseSchedule`` in ``core.contracts``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from molgen.core.errors import ConfigError


class VariancePreservingSchedule(ABC):
    """A schedule with ``alpha^2 + sigma^2 = 1``; subclasses give both squares without cancellation."""

    @abstractmethod
    def alpha_squared(self, t: Tensor) -> Tensor:
        """``alpha(t)^2``; same shape and type as ``t``."""

    @abstractmethod
    def sigma_squared(self, t: Tensor) -> Tensor:
        """``1 - alpha(t)^2``, computed so that it is accurate near ``t = 0``."""

    def alpha(self, t: Tensor) -> Tensor:
        """Signal share; same shape as ``t``."""
        return self.alpha_squared(t).sqrt()

    def sigma(self, t: Tensor) -> Tensor:
        """Noise share; same shape as ``t``."""
        return self.sigma_squared(t).sqrt()

    def log_snr(self, t: Tensor) -> Tensor:
        """``log(alpha^2 / sigma^2)``; same shape as ``t``."""
        return self.alpha_squared(t).log() - self.sigma_squared(t).log()


class LinearSchedule:
    """``alpha = 1 - t``, ``sigma = t``: the straight path of flow matching (Lipman et al. 2023)."""

    def alpha(self, t: Tensor) -> Tensor:
        """Signal share; same shape as ``t``."""
        return 1 - t

    def sigma(self, t: Tensor) -> Tensor:
        """Noise share; same shape as ``t``."""
        return t

    def log_snr(self, t: Tensor) -> Tensor:
        """``2 log((1 - t) / t)``; infinite at both ends."""
        return 2 * (torch.log1p(-t) - t.log())


class CosineSchedule(VariancePreservingSchedule):
    """``alpha = cos(pi t / 2)`` (Nichol and Dhariwal 2021, without their offset): no noise at ``t = 0``."""

    def alpha_squared(self, t: Tensor) -> Tensor:
        """``cos^2(pi t / 2)``, exactly 0 at ``t = 1``."""
        return torch.sin(0.5 * torch.pi * (1 - t)).square()

    def sigma_squared(self, t: Tensor) -> Tensor:
        """``sin^2(pi t / 2)``."""
        return torch.sin(0.5 * torch.pi * t).square()


class PolynomialSchedule(VariancePreservingSchedule):
    """EDM's schedule (Hoogeboom et al. 2022, appendix B): ``alpha = 1 - t^2``, squeezed.

    Over ``steps`` discrete steps the ratio of neighbouring ``alpha^2`` is floored at 0.001, which acts
    on the last step alone, and ``alpha^2`` is squeezed into ``[precision, 1 - precision]``. Written
    for continuous ``t``; at ``t = i / steps`` it equals the published table.

    Args:
        steps: Number of discrete steps ``T`` that the floor refers to.
        precision: Squeeze; level 0 keeps the noise ``sigma = sqrt(precision)``.

    Raises:
        ConfigError: ``steps`` or ``precision`` is out of range.
    """

    def __init__(self, steps: int = 1000, precision: float = 1e-5) -> None:
        if steps < 2 or not 0 < precision < 0.5:
            raise ConfigError(
                f"polynomial schedule needs steps >= 2, 0 < precision < 0.5; got {steps}, {precision}"
            )
        self.steps = steps
        self.precision = precision
        self._floor = 0.001 * (1 - (1 - 1 / steps) ** 2) ** 2

    def alpha_squared(self, t: Tensor) -> Tensor:
        """``(1 - 2s) max((1 - t^2)^2, floor) + s``."""
        kept = torch.clamp((1 - t * t) ** 2, min=self._floor)
        return (1 - 2 * self.precision) * kept + self.precision

    def sigma_squared(self, t: Tensor) -> Tensor:
        """``(1 - 2s) (1 - max((1 - t^2)^2, floor)) + s`` with ``1 - (1 - t^2)^2 = t^2 (2 - t^2)``."""
        lost = torch.clamp(t * t * (2 - t * t), max=1 - self._floor)
        return (1 - 2 * self.precision) * lost + self.precision
