"""Time grids: the decreasing times that a sampler visits. A grid is an argument, so NFE is visible."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from molgen.core.errors import InputError


class TimeGrid(ABC):
    """Builds decreasing times from 1 to 0."""

    @abstractmethod
    def times(self, steps: int) -> Tensor:
        """Return ``(steps + 1,)`` float64 times, first 1, last 0, strictly decreasing.

        Raises:
            InputError: ``steps`` is less than 1.
        """


class UniformGrid(TimeGrid):
    """Equal steps; with 1000 of them, EDM's chain."""

    def times(self, steps: int) -> Tensor:
        """See base."""
        if steps < 1:
            raise InputError(f"sampling needs at least 1 step, got {steps}; try --steps 100")
        return torch.arange(steps, -1, -1, dtype=torch.float64) / steps


class PowerGrid(TimeGrid):
    """``(i / steps)^power``: steps shrink towards the data.

    Args:
        power: 1 is uniform.

    Raises:
        InputError: ``power`` is below 1.
    """

    def __init__(self, power: float = 2.0) -> None:
        if power < 1:
            raise InputError(f"a power grid needs a power of at least 1, got {power}")
        self.power = power

    def times(self, steps: int) -> Tensor:
        """See base."""
        return UniformGrid().times(steps) ** self.power


class LogGrid(TimeGrid):
    """Equal ratios from 1 to ``least``, then 0.

    Args:
        least: Last time before 0.

    Raises:
        InputError: ``least`` is not in (0, 1).
    """

    def __init__(self, least: float = 0.07) -> None:
        if not 0 < least < 1:
            raise InputError(f"a log grid needs 0 < least < 1, got {least}")
        self.least = least

    def times(self, steps: int) -> Tensor:
        """See base; one step goes straight from 1 to 0."""
        if steps == 1:
            return UniformGrid().times(1)
        ratio = UniformGrid().times(steps - 1).flip(0)
        return torch.cat([self.least**ratio, torch.zeros(1, dtype=torch.float64)])
