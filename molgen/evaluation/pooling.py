"""Several files of one model as one set: seeds are pooled, and their spread is told beside the pooled figure.

The pooled figures are computed from the joined tables by the same metrics, so that every molecule is judged
once and uniqueness and distances are those of the whole set.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from molgen.evaluation.measurements import Measurements
from molgen.evaluation.metrics import METRICS
from molgen.evaluation.metrics.profile import Profile
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.report import Report
from molgen.evaluation.table import Table


@dataclass(frozen=True)
class Spread:
    """One figure over several files.

    Attributes:
        values: The figure of each file that has one.
        mean: Their mean.
        deviation: Their standard deviation, with one degree of freedom less than values; ``None`` for one.
        files: Number of files, those without a value included.
    """

    values: tuple[float, ...]
    mean: float
    deviation: float | None
    files: int

    @property
    def part(self) -> str:
        """Of how many files it is, such as ``2 of 3``; empty where all have a value."""
        return "" if len(self.values) == self.files else f"{len(self.values)} of {self.files}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {
            "values": list(self.values),
            "mean": self.mean,
            "standard_deviation": self.deviation,
            "files": self.files,
        }


def spread(reports: Sequence[Report], metric: str) -> Spread | None:
    """Return mean and standard deviation over the files that have a value; ``None`` where none has.

    Profiles have none.

    Args:
        reports: Of one protocol, one report a file.
        metric: Name of the figure.
    """
    figures = [report.figures[metric] for report in reports]
    values = [f.value for f in figures if not isinstance(f, Profile) and f.value is not None]
    if not values:
        return None
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return Spread(tuple(values), statistics.fmean(values), deviation, len(reports))


def pooled(reports: Sequence[Report], reference: ReferenceSet | None) -> Report:
    """Join reports of one protocol into one over all their molecules, in order.

    Args:
        reports: One report a file, at least one.
        reference: What they were measured against.
    """
    first = reports[0]
    if len(reports) == 1:
        return first
    table = joined([report.table for report in reports])
    figures = {name: METRICS[name](table, reference) for name in first.protocol.metrics}
    seconds = sum(report.seconds for report in reports)
    return Report(first.protocol, table, figures, first.reference, seconds)


def joined(tables: Sequence[Table]) -> Table:
    """Put tables of the same columns and measures below each other."""
    columns = {name: np.concatenate([table[name] for table in tables]) for name in tables[0].columns}
    counts = [len(table) for table in tables]
    measurements = {
        name: _joined_measurements([table.measured(name) for table in tables], counts)
        for name in tables[0].measurements
    }
    return Table(columns, measurements)


def _joined_measurements(parts: Sequence[Measurements], counts: Sequence[int]) -> Measurements:
    """Join what a measure says of tables of ``counts`` rows."""
    kinds = tuple(sorted({kind for part in parts for kind in part.kinds}))
    starts = np.cumsum([0, *counts[:-1]])
    kind_of = [np.array([kinds.index(kind) for kind in part.kinds], dtype=np.int32) for part in parts]
    return Measurements(
        kinds,
        np.concatenate([part.values for part in parts]),
        np.concatenate([place[part.kind] for place, part in zip(kind_of, parts, strict=True)]),
        np.concatenate([part.row + start for part, start in zip(parts, starts, strict=True)], dtype=np.int32),
    )
