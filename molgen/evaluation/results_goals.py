"""Goals as data, and how far results are from each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import yaml

from molgen.core.errors import ConfigError
from molgen.evaluation.metrics import OF_A_SET
from molgen.evaluation.quoted import Quoted
from molgen.evaluation.results_run import Kind, Run

SHIPPED = Path(__file__).parent / "references" / "goals.yaml"
SPEED = "speed"
"""In place of a protocol: wall time on a CPU, from run records."""
MOST_THREADS = 2
"""Of a CPU whose time counts."""


@dataclass(frozen=True)
class Goal:
    """One figure and the value it shall reach.

    Attributes:
        checkpoint: Name of the checkpoint that it is set for.
        protocol: Name of the protocol, or :data:`SPEED`.
        metric: Name of the figure.
        nfe: Lowest and highest number of network calls.
        unit: Of the figure; shares are in per cent.
        at_least: Lower bound, or ``None``.
        at_most: Upper bound, or ``None``.
        published: Label among the quoted figures where it is not the metric's name.
        without_repair: Runs that redraw what is broken do not count.

    Raises:
        ConfigError: There is not exactly one bound.
    """

    checkpoint: str
    protocol: str
    metric: str
    nfe: tuple[int, int]
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    published: str | None = None
    without_repair: bool = False

    def __post_init__(self) -> None:
        """Check the bounds."""
        if (self.at_least is None) == (self.at_most is None):
            raise ConfigError(f"goal {self.metric!r} needs exactly one of at_least and at_most")

    @property
    def bound(self) -> float:
        """The value that shall be reached."""
        bound = self.at_most if self.at_least is None else self.at_least
        assert bound is not None
        return bound

    @property
    def title(self) -> str:
        """What it is about."""
        low, high = self.nfe
        span = "at most " if low == 1 else f"{low} to "
        calls = f"{'' if low == high else span}{high} NFE"
        how = ", without repair" if self.without_repair else ""
        return f"{self.checkpoint}: {self.protocol} {self.metric.replace('_', ' ')}, {calls}{how}"

    @property
    def text(self) -> str:
        """The bound in words."""
        return f"at {'most' if self.at_least is None else 'least'} {self.bound:g} {self.unit}"

    def missing(self, value: float) -> float:
        """Return how far a value is on the wrong side of the bound; 0 or less where it is reached."""
        return self.bound - value if self.at_most is None else value - self.bound

    def best(self, runs: Sequence[Run]) -> tuple[Run, float] | None:
        """Return the nearest of the runs that count, with its value; ``None`` where none was measured.

        Of runs that differ in the number of molecules alone the larger counts; of figures that change with
        it only the largest of all.
        """
        counting = [run for run in runs if self._counts(run)]
        found = [(run, value) for run in counting if (value := self._value(run)) is not None]
        largest: dict[Kind, int] = {}
        for run, _ in found:
            largest[run.kind] = max(largest.get(run.kind, 0), run.first.written)
        found = [(run, value) for run, value in found if run.first.written == largest[run.kind]]
        if self.metric in OF_A_SET:
            most = max((run.first.written for run, _ in found), default=0)
            found = [(run, value) for run, value in found if run.first.written == most]
        return min(found, key=lambda pair: self.missing(pair[1]), default=None)

    def best_published(self, quoted: Quoted) -> str:
        """Return the best quoted figure of any number of calls with its method, for a table."""
        label = self.published or self.metric
        rows = [row for row in quoted.group(self.protocol).rows if label in row.figures]
        if not rows or self.protocol == SPEED:
            return "-"
        row = min(rows, key=lambda row: self.missing(row.figures[label].value))
        calls = "" if row.nfe is None else f", {row.nfe} NFE"
        other = "" if self.published is None else f", {label}"
        return f"{row.cell(label)}{other} ({row.method}{calls}; {row.mark})"

    def _counts(self, run: Run) -> bool:
        if self.without_repair and run.first.repair:
            return False
        return run.first.checkpoint == self.checkpoint and self.nfe[0] <= run.nfe <= self.nfe[1]

    def _value(self, run: Run) -> float | None:
        if self.protocol == SPEED:
            few = run.first.threads is not None and run.first.threads <= MOST_THREADS
            return 1000 * run.seconds_each if run.first.device == "cpu" and few else None
        judged = run.protocols.get(self.protocol)
        return None if judged is None else judged.value(self.metric)


def load_goals(path: Path = SHIPPED) -> list[Goal]:
    """Read goals.

    Raises:
        ConfigError: The file is not of the form of ``references/goals.yaml``.
    """
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))["goals"]
        return [Goal(**{**goal, "nfe": (int(goal["nfe"][0]), int(goal["nfe"][1]))}) for goal in given]
    except (OSError, yaml.YAMLError, KeyError, IndexError, TypeError, ValueError) as error:
        known = ", ".join(field.name for field in fields(Goal))
        raise ConfigError(f"{path} holds no goals ({error!r}); it has a list goals of {known}") from error
