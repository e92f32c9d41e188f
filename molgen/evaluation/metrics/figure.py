"""What a metric is and may return."""

from __future__ import annotations

from collections.abc import Callable

from molgen.evaluation.metrics.base import Share
from molgen.evaluation.metrics.estimate import Estimate
from molgen.evaluation.metrics.profile import Profile
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table

Figure = Share | Estimate | Profile
"""A share, a number with a unit, or occurrences by kind."""

Metric = Callable[[Table, ReferenceSet | None], Figure]
"""A metric: the table and, where there is one, the reference give a figure."""


def coverage(figure: Figure) -> str:
    """Say of how many molecules a figure is, where it is not of all; empty otherwise."""
    if not isinstance(figure, Estimate) or figure.value is None or figure.count == figure.total:
        return ""
    return f" of {figure.count}/{figure.total}"
