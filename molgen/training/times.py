"""Distributions of training times."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from molgen.core.errors import ConfigError


class TimeDistribution(ABC):
    """Draws one time in [0, 1] per molecule of a training batch."""

    @abstractmethod
    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw ``(count,)`` float32 times on the generator's device."""


class StratifiedTimes(TimeDistribution):
    """Uniform times, one in each of ``count`` equal intervals (Kingma et al. 2021, appendix I.1).

    Args:
        steps: Round to ``i / steps`` as in EDM's discrete chain; ``None`` keeps time continuous.

    Raises:
        ConfigError: ``steps`` is not positive.
    """

    def __init__(self, steps: int | None = None) -> None:
        if steps is not None and steps < 1:
            raise ConfigError(f"times need at least 1 step, got {steps}")
        self.steps = steps

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """See base; the order of the strata is random."""
        device = generator.device
        offset = torch.rand(count, generator=generator, device=device)
        time = (torch.randperm(count, generator=generator, device=device) + offset) / count
        return time if self.steps is None else (time * self.steps).round() / self.steps


class PowerTimes(TimeDistribution):
    """``t = least + (1 - least) (1 - u^(1/power))`` with stratified uniform ``u``: more at the clean end.

    Density ``power (1 - t)^(power - 1)``, that is Beta(1, power); 1 is uniform.

    Args:
        power: Skew to the clean end.
        least: Smallest time, above 0 because 0 marks what is given.

    Raises:
        ConfigError: ``power`` is below 1 or ``least`` is not in (0, 1).
    """

    def __init__(self, power: float = 2.0, least: float = 1e-3) -> None:
        if power < 1 or not 0 < least < 1:
            raise ConfigError(f"times need power >= 1 and 0 < least < 1, got {power} and {least}")
        self.power = power
        self.least = least
        self.strata = StratifiedTimes()

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """See base."""
        time = 1 - self.strata.sample(count, generator).pow(1 / self.power)
        return self.least + (1 - self.least) * time
