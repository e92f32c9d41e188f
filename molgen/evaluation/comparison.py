"""Models side by side: how each figure differs from the first model's, and whether chance explains it.

Shares that count independent molecules are compared by Fisher's exact test. All other figures have an
interval and no counts that a test could use (atoms of one molecule are not independent; medians and
distances are no counts at all), so the interval of their difference is recovered from both intervals: MOVER
(Zou and Donner, Statistics in Medicine 27, 1693, 2008), which for Wilson intervals is Newcombe's method 10.
It respects skewed intervals. All tests of one comparison are corrected together after Holm (Scandinavian
Journal of Statistics 6, 65, 1979). Figures that depend on how many molecules are looked at are tested between
files of one size alone: two parts of one file, of other sizes, differ in them by more than chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from scipy.stats import fisher_exact

from molgen.core.errors import InputError
from molgen.evaluation.metrics import OF_A_SET, Estimate, Figure, Share, wilson_interval
from molgen.evaluation.metrics.base import CONFIDENCE
from molgen.evaluation.subject import Subject

METHOD = (
    "Fisher's exact test (shares of molecules), MOVER from the intervals (others), two-sided, Holm-corrected"
)

SIGNIFICANT = 1 - CONFIDENCE

SAME_SIZE = 0.01
"""Relative difference between the numbers of molecules up to which figures of a set are tested.

A hundredth of 10,000 molecules moves uniqueness beside QM9 by 0.05 points, a quarter of what seeds differ by.
"""


@dataclass(frozen=True)
class Difference:
    """One figure of a model against that of the first.

    Attributes:
        model: Name of the model.
        protocol: Name of the protocol.
        metric: Name of the figure.
        difference: The model's value less the first's, in the figure's unit; a share's as a proportion.
        interval: 95 % interval of the difference, not corrected for many comparisons.
        p_value: Of no difference, two-sided, as tested alone.
        corrected: The same after Holm's correction over all tests of the comparison.
        test: ``fisher`` or ``mover``.
    """

    model: str
    protocol: str
    metric: str
    difference: float
    interval: tuple[float, float]
    p_value: float
    corrected: float
    test: str

    @property
    def is_significant(self) -> bool:
        """Whether the corrected p-value is below 5 %."""
        return self.corrected < SIGNIFICANT

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {
            "model": self.model,
            "protocol": self.protocol,
            "metric": self.metric,
            "difference": self.difference,
            "interval": list(self.interval),
            "p_value": self.p_value,
            "p_value_holm": self.corrected,
            "test": self.test,
        }


def compare(subjects: Sequence[Subject]) -> list[Difference]:
    """Test every figure of every model against the first's; profiles and figures without value are left out.

    Args:
        subjects: Models, judged by the same protocols; at least two.

    Raises:
        InputError: There are fewer than two models.
    """
    if len(subjects) < 2:
        raise InputError(f"a comparison was given {len(subjects)} file; give two or more")
    found: list[Difference] = []
    for first, other, protocol, metric in _pairs(subjects):
        if metric not in OF_A_SET or _of_one_size(first, other):
            base, figure = first.figure(protocol, metric), other.figure(protocol, metric)
            found += _difference((other.name, protocol, metric), base, figure)
    corrected = holm([d.p_value for d in found])
    return [
        Difference(d.model, d.protocol, d.metric, d.difference, d.interval, d.p_value, p, d.test)
        for d, p in zip(found, corrected, strict=True)
    ]


def untested(subjects: Sequence[Subject], protocol: str) -> list[str]:
    """Return the figures of a protocol that :func:`compare` does not test for the numbers of molecules.

    Args:
        subjects: As for :func:`compare`.
        protocol: Name of the protocol.
    """
    found = [
        metric
        for first, other, of, metric in _pairs(subjects)
        if of == protocol and metric in OF_A_SET and not _of_one_size(first, other)
        if _difference((other.name, of, metric), first.figure(of, metric), other.figure(of, metric))
    ]
    return list(dict.fromkeys(found))


def untested_note(subjects: Sequence[Subject], protocol: str) -> str:
    """Say which figures of a protocol were left untested, and why; empty where all were tested."""
    names = [metric.replace("_", " ") for metric in untested(subjects, protocol)]
    if not names:
        return ""
    first, *others = subjects
    sizes = dict.fromkeys(other.count for other in others if not _of_one_size(first, other))
    *most, last = [f"{size:,}" for size in (first.count, *sizes)]
    return (
        f"not tested: {', '.join(names)}: depends on how many molecules are looked at, {', '.join(most)} and "
        f"{last} here; give files of one size"
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for being one of many; the chance of any false alarm stays below the level."""
    order = np.argsort(p_values, kind="stable")
    scaled = [(len(p_values) - rank) * p_values[i] for rank, i in enumerate(order.tolist())]
    highest = np.minimum(np.maximum.accumulate(scaled), 1.0) if scaled else np.zeros(0)
    corrected = np.empty(len(p_values))
    corrected[order] = highest
    return [float(p) for p in corrected]


def mover(first: Estimate | Share, second: Estimate | Share) -> tuple[tuple[float, float], float] | None:
    """Return interval and p-value of ``second - first`` from their intervals; ``None`` without both.

    The p-value is that of the confidence level at which the interval would just touch zero, if both
    intervals scale with the normal quantile.
    """
    if first.value is None or second.value is None or first.interval is None or second.interval is None:
        return None
    difference = second.value - first.value
    below = math.hypot(second.value - second.interval[0], first.interval[1] - first.value)
    above = math.hypot(second.interval[1] - second.value, first.value - first.interval[0])
    towards_zero = below if difference > 0 else above
    if towards_zero == 0:
        p_value = 1.0 if difference == 0 else 0.0
    else:
        z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * abs(difference) / towards_zero
        p_value = math.erfc(z / math.sqrt(2))
    return (difference - below, difference + above), p_value


def _pairs(subjects: Sequence[Subject]) -> Iterator[tuple[Subject, Subject, str, str]]:
    """Yield the first model, another, protocol and metric of all that could be tested."""
    first, *others = subjects
    for report in first.reports:
        for metric in report.figures:
            yield from ((first, other, report.protocol.name, metric) for other in others)


def _of_one_size(first: Subject, other: Subject) -> bool:
    return abs(first.count - other.count) <= SAME_SIZE * max(first.count, other.count)


def _difference(names: tuple[str, str, str], base: Figure | None, figure: Figure | None) -> list[Difference]:
    """Return the difference, not yet corrected, or nothing where there is none to test."""
    same_kind = isinstance(base, Share) == isinstance(figure, Share)
    if not (isinstance(base, Share | Estimate) and isinstance(figure, Share | Estimate) and same_kind):
        return []
    recovered = mover(base, figure)
    if recovered is None or base.value is None or figure.value is None:
        return []
    interval, p_value = recovered
    test = "mover"
    if isinstance(base, Share) and isinstance(figure, Share) and _counts(base) and _counts(figure):
        p_value, test = _fisher(base, figure), "fisher"
    return [Difference(*names, figure.value - base.value, interval, p_value, p_value, test)]


def _counts(share: Share) -> bool:
    """Whether the interval is that of as many independent observations as the denominator says."""
    assert share.interval is not None
    plain = wilson_interval(share.numerator / share.denominator, share.denominator)
    return math.isclose(plain[0], share.interval[0]) and math.isclose(plain[1], share.interval[1])


def _fisher(first: Share, second: Share) -> float:
    rows = [[s.numerator, s.denominator - s.numerator] for s in (first, second)]
    return float(fisher_exact(rows).pvalue)
