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
