"""What most metrics return: a share with its numerator, denominator and interval, never a bare number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Share:
    """A proportion.

    Attributes:
        numerator: How many have the property.
        denominator: Out of how many.
        over: What the denominator counts, in words.
        interval: 95 % confidence interval of the proportion, or ``None`` when it was not computed.
        note: Why there is no value, or how it must be read; ``None`` where nothing needs saying.
    """

    numerator: int
    denominator: int
    over: str
    interval: tuple[float, float] | None = None
    note: str | None = None

    @property
    def value(self) -> float | None:
        """The proportion in [0, 1]; ``None`` when it was not computed."""
        return None if self.interval is None else self.numerator / self.denominator

    def cells(self) -> tuple[str, str, str]:
        """Return value in per cent, interval and count, for a printed table."""
        if self.value is None or self.interval is None:
            return "-", "-", self.note or ""
        low, high = (f"{100 * bound:.2f}" for bound in self.interval)
        count = f"{self.numerator}/{self.denominator} {self.over}" + (f"; {self.note}" if self.note else "")
        return f"{100 * self.value:.2f} %", f"{low} - {high}", count

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {
            "value": self.value,
            "numerator": None if self.value is None else self.numerator,
            "denominator": self.denominator,
            "over": self.over,
            "interval": None if self.interval is None else list(self.interval),
            "note": self.note,
        }


def share(
    numerator: int, denominator: int, over: str, effective: float | None = None, note: str | None = None
) -> Share:
    """Make a proportion with its Wilson interval; without a denominator it has no value.

    Args:
        numerator: Count with the property.
        denominator: Count of all.
        over: What the denominator counts.
        effective: Number of independent observations, where that is not the denominator.
        note: How the figure must be read.
    """
    if denominator == 0:
        return Share(0, 0, over, note=f"there are no {over}")
    interval = wilson_interval(numerator / denominator, denominator if effective is None else effective)
    return Share(numerator, denominator, over, interval, note)


def wilson_interval(proportion: float, count: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Score interval of a binomial proportion (Wilson 1927); it stays in [0, 1] and never has width zero.

    Args:
        proportion: Observed proportion in [0, 1].
        count: Number of independent observations, positive; need not be whole.
        confidence: Coverage in (0, 1).
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = (proportion + z * z / (2 * count)) / (1 + z * z / count)
    spread = proportion * (1 - proportion) / count + z * z / (4 * count * count)
    half = z / (1 + z * z / count) * math.sqrt(spread)
    return max(0.0, centre - half), min(1.0, centre + half)
