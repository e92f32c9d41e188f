"""Distributions of measures over a set of molecules, small enough to ship, and the distance between them.

A distribution is kept as the mean of its quantile function over bins of equal probability. The Wasserstein-1
distance of two distributions on a line is the area between their quantile functions (Villani, Topics in
Optimal Transportation, 2003, section 2.2). Taken between bin means, it is exact but for bins in which one
function crosses the other, where it is smaller: so it never exceeds the distance, and outliers keep their
full weight. It is exactly 0 for a set and itself, and a shift of all values has its own length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molgen.evaluation.measurements import Measurements

MAX_POINTS = 512
"""Bins of a distribution of many values; one of fewer values keeps them all."""


def quantile_means(
    values: NDArray[np.float64], points: int, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float32]:
    """Average the quantile function over bins of equal probability.

    Args:
        values: ``(V,)`` numbers, sorted.
        points: Number of bins ``P``.
        weights: ``(V,)`` how often each number counts, not all 0; by default once.

    Returns:
        ``(P,)`` means, not decreasing.
    """
    weights = np.ones(len(values)) if weights is None else weights
    # The integral of the quantile function is linear between the cumulative weights of the values.
    place = np.concatenate([[0.0], np.cumsum(weights)])
    integral = np.concatenate([[0.0], np.cumsum(weights * values)])
    edges = np.linspace(0.0, place[-1], points + 1)
    means = np.diff(np.interp(edges, place, integral)) / (place[-1] / points)
    limit = np.finfo(np.float32).max
    return np.maximum.accumulate(np.clip(means, -limit, limit).astype(np.float32))


@dataclass(frozen=True, eq=False)
class Distribution:
    """The numbers of one kind.

    Attributes:
        points: ``(P,)`` float32 means of the quantile function over bins of equal probability, sorted.
        count: How many numbers they stand for.
    """

    points: NDArray[np.float32]
    count: int

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Distribution:
        """Make from ``(V,)`` numbers, at least one, in any order."""
        return cls(quantile_means(np.sort(values), min(MAX_POINTS, len(values))), len(values))

    @property
    def total(self) -> float:
        """Sum of all numbers."""
        return float(self.points.mean(dtype=np.float64)) * self.count

    def distance(self, values: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> float:
        """Return the Wasserstein-1 distance to other numbers, in their unit.

        Args:
            values: ``(V,)`` numbers, sorted.
            weights: ``(V,)`` how often each counts, not all 0; by default once.
        """
        other = quantile_means(values, len(self.points), weights)
        return float(np.abs(other.astype(np.float64) - self.points).mean())


@dataclass(frozen=True, eq=False)
class Distributions:
    """What one measure says of a set of molecules.

    Attributes:
        molecules: Number of molecules that were measured, those without any number included.
        kinds: Kind to its distribution.
    """

    molecules: int
    kinds: Mapping[str, Distribution]

    @classmethod
    def of(cls, measurements: Measurements, molecules: int) -> Distributions:
        """Make from what a measure said of a number of molecules."""
        return cls(molecules, {kind: Distribution.of(measurements.of(kind)) for kind in measurements.kinds})

    def shares(self) -> dict[str, float]:
        """Return each kind's share of all numbers."""
        count = sum(distribution.count for distribution in self.kinds.values())
        return {kind: distribution.count / count for kind, distribution in self.kinds.items()}

    def per_molecule(self) -> dict[str, float]:
        """Return the sum of each kind's numbers per molecule."""
        return {kind: distribution.total / self.molecules for kind, distribution in self.kinds.items()}
