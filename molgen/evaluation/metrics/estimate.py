"""An estimate: a number with a unit that is no share, its bootstrap interval, and what it was made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.evaluation.metrics.base import CONFIDENCE

RESAMPLES = 1000
"""Bootstrap resamples of an interval."""


@dataclass(frozen=True)
class Estimate:
    """A number.

    Attributes:
        value: The number, or ``None`` where it was not computed.
        unit: Its unit; empty for none.
        count: From how many of ``over`` it was computed.
        total: Of how many it was asked, those that could not be computed included.
        over: What is counted, in words.
        interval: 95 % bootstrap interval, or ``None``.
        note: Why there is no value, or how it must be read; ``None`` where nothing needs saying.
    """

    value: float | None
    unit: str
    count: int
    total: int
    over: str
    interval: tuple[float, float] | None = None
    note: str | None = None

    def cells(self) -> tuple[str, str, str]:
        """Return value with unit, interval and count, for a printed table."""
        if self.value is None:
            return "-", "-", self.note or ""
        bounds = "-" if self.interval is None else " - ".join(f"{bound:.4g}" for bound in self.interval)
        count = f"{self.count}/{self.total} {self.over}" + (f"; {self.note}" if self.note else "")
        return f"{self.value:.4g} {self.unit}".strip(), bounds, count

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {
            "value": self.value,
            "unit": self.unit,
            "count": self.count,
            "total": self.total,
            "over": self.over,
            "interval": None if self.interval is None else list(self.interval),
            "note": self.note,
        }


def bootstrap_interval(
    values: NDArray[np.float64],
    statistic: Callable[[NDArray[np.float64]], float],
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> tuple[float, float] | None:
    """Percentile interval (Efron and Tibshirani 1993, chapter 13); ``None`` for fewer than two values.

    The resamples are drawn by a generator of seed 0, so that a figure can be had again.

    Args:
        values: ``(n,)`` independent observations.
        statistic: Maps ``(n,)`` observations to the figure.
        resamples: How often they are drawn with replacement.
        confidence: Coverage in (0, 1).
    """
    if len(values) < 2:
        return None
    generator = np.random.default_rng(0)
    drawn = [
        statistic(values[generator.integers(0, len(values), size=len(values))]) for _ in range(resamples)
    ]
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)
