"""Features of noise levels, sizes and distances: the numbers that a network is told about its input."""

from __future__ import annotations

import torch
from torch import Tensor, nn

LEVEL_FEATURES = 10
_LEAST = 1e-3
"""Times below it look alike on the logarithmic feature."""


def level_features(t: Tensor) -> Tensor:
    """Smooth features of times, ``(...) -> (..., LEVEL_FEATURES)``.

    The time itself, a logarithm that resolves the clean end, low frequencies, and whether it is 0 (given).
    """
    waves = [f(torch.pi * k * t) for k in (1, 2, 4) for f in (torch.sin, torch.cos)]
    log = ((t + _LEAST).log() / 4 + 1, (1 - t + _LEAST).log() / 4 + 1)
    return torch.stack([t, *log, (t == 0).to(t), *waves], dim=-1)


class DistanceFeatures(nn.Module):
    """Gaussians of the distance, evenly spaced to ``reach`` and as wide as their spacing.

    Args:
        count: Number of Gaussians.
        reach: Centre of the last one, noise units.
    """

    centres: Tensor

    def __init__(self, count: int, reach: float) -> None:
        super().__init__()
        self.width = reach / (count - 1)
        self.register_buffer("centres", torch.linspace(0, reach, count), persistent=False)

    def forward(self, distance: Tensor) -> Tensor:
        """Map ``(...)`` distances to ``(..., count)``."""
        return torch.exp(-0.5 * ((distance.unsqueeze(-1) - self.centres) / self.width).square())
