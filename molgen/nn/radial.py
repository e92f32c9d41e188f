"""Smooth functions of the distance of two atoms, up to a cutoff.

The basis is that of Gasteiger, Gross, Guennemann, "Directional Message Passing for Molecular Graphs" (ICLR
2020), equations 7 and 8, taken at a softened distance so that coincident atoms have finite gradients.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

SOFTENING = 0.1
"""Length added in quadrature to every distance, in noise units; far below any bond length."""
ENVELOPE_POWER = 6


def soft_norm(vectors: Tensor) -> Tensor:
    """Length of vectors, softened so that it is smooth at zero.

    Args:
        vectors: ``(..., 3)``, noise units.

    Returns:
        ``(...)`` values ``sqrt(|v|^2 + SOFTENING^2)``.
    """
    return (vectors.square().sum(dim=-1) + SOFTENING**2).sqrt()


def polynomial_envelope(distance: Tensor, cutoff: float) -> Tensor:
    """Fall from 1 at distance 0 to 0 at the cutoff, with two vanishing derivatives there.

    Args:
        distance: Any shape, not negative.
        cutoff: Radius beyond which the envelope is zero, same unit.

    Returns:
        Values in [0, 1] of the same shape.
    """
    u, p = (distance / cutoff).clamp(max=1), ENVELOPE_POWER
    polynomial = (p + 1) * (p + 2) / 2 - p * (p + 2) * u + p * (p + 1) / 2 * u.square()
    return 1 - u.pow(p) * polynomial


class BesselBasis(nn.Module):
    """Spherical Bessel functions of order zero that vanish at the cutoff.

    Args:
        num_basis: Number of functions ``D``.
        cutoff: Radius of the last common zero, noise units.
    """

    order: Tensor

    def __init__(self, num_basis: int, cutoff: float) -> None:
        super().__init__()
        self.cutoff = cutoff
        self.register_buffer("order", torch.arange(1.0, num_basis + 1), persistent=False)

    def forward(self, distance: Tensor) -> Tensor:
        """Evaluate ``sqrt(2 / c) sin(n pi r / c) / r``, finite at zero.

        Args:
            distance: ``(E,)``, noise units.

        Returns:
            ``(E, D)`` for ``n = 1 .. D``.
        """
        n = self.order / self.cutoff
        return (2 / self.cutoff) ** 0.5 * torch.pi * n * torch.sinc(distance.unsqueeze(-1) * n)
