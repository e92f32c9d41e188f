"""Outcome: what became of the requests of one row, over all that were requested; and the table of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.table import Table as RichTable

from molgen.chem.molecule import Molecule
from molgen.evaluation.metrics import METRICS, Figure, Share, clustered_share, coverage, whole
from molgen.evaluation.runner import evaluate
from molgen.trials.sources import SATISFIED, UNSATISFIED, Bench
from molgen.trials.trial import Asked, Trial

PROTOCOL = "bonded"
COMMON = ("success", "valid_and_connected", "valid_and_unique", "diversity")
"""Figures that every row has."""
REASONS = 5
"""Most frequent objections that are kept."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of one row's requests.

    Attributes:
        task: Name of the trial.
        label: What sets the row apart from others of its trial; may be empty.
        figures: Those of :data:`COMMON`, which a trial may replace, then the trial's own.
        seconds: Time that drawing took, judging not included.
        passed_over: Held-out molecules that could not be asked about, between those that were.
        objections: The most frequent reasons why molecules are not what was asked, with their counts.
        requested: Number of molecules that were requested.
    """

    task: str
    label: str
    figures: Mapping[str, Figure]
    seconds: float
    passed_over: int
    objections: Mapping[str, int]
    requested: int

    @property
    def seconds_per_100(self) -> float:
        """Seconds for a hundred molecules."""
        return 100 * self.seconds / self.requested

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the molecules as plain values that JSON can hold."""
        return {
            "task": self.task,
            "label": self.label,
            "requested": self.requested,
            "passed_over": self.passed_over,
            "seconds": round(self.seconds, 3),
            "seconds_per_100": round(self.seconds_per_100, 3),
            "figures": {name: figure.to_dict() for name, figure in self.figures.items()},
            "objections": dict(self.objections),
        }


def run_row(trial: Trial, asked: Asked, bench: Bench) -> tuple[Outcome, list[Molecule]]:
    """Draw the molecules of one row of a trial and judge them.

    Returns:
        What became of the requests, and the molecules.

    Raises:
        InputError: The model cannot be asked for such a thing.
    """
    start = time.perf_counter()
    molecules = asked.source(bench)
    return judge(trial, asked, molecules, time.perf_counter() - start), molecules


def judge(trial: Trial, asked: Asked, molecules: Sequence[Molecule], seconds: float) -> Outcome:
    """Count over all requested molecules: success by their own requests, the rest by the protocol ``bonded``.

    Molecules about one held-out molecule are not independent: intervals are those of a cluster sample.

    Args:
        trial: Gives the figures of its own.
        asked: What was requested.
        molecules: What was drawn, failed molecules included.
        seconds: How long drawing took.
    """
    report = evaluate(molecules, PROTOCOL)
    satisfied = np.array([bool(m.record[SATISFIED]) for m in molecules])
    common = {
        "success": _share(satisfied, asked.each),
        "valid_and_connected": _share(whole(report.table), asked.each),
        "valid_and_unique": report.figures["valid_and_unique"],
        "diversity": METRICS["diversity"](report.table, None),
    }
    reasons = Counter(str(m.record[UNSATISFIED]) for m in molecules if UNSATISFIED in m.record)
    return Outcome(
        trial.name,
        asked.label,
        {**common, **trial.figures(asked, molecules)},
        seconds,
        asked.passed_over,
        dict(reasons.most_common(REASONS)),
        len(molecules),
    )


def _share(verdicts: NDArray[np.bool_], each: int) -> Share:
    """Share of requested molecules, of which ``each`` after another are about one held-out molecule."""
    passed = verdicts.reshape(-1, each).sum(axis=1)
    return clustered_share(passed, np.full(len(passed), each), "requested molecules")


def title(task: str, label: str) -> str:
    """Return the name of a row."""
    return f"{task}, {label}" if label else task


def render(outcomes: Sequence[Outcome]) -> RichTable:
    """Return a table for a terminal: one line a row, with 95 % intervals, then each trial's own figures."""
    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("task")
    for name in COMMON:
        table.add_column(name.replace("_", " "), justify="right")
    table.add_column("s per 100", justify="right", no_wrap=True)
    table.add_column("besides")
    for outcome in outcomes:
        own = [
            f"{n.replace('_', ' ')} {_cell(f, ' ')}" for n, f in outcome.figures.items() if n not in COMMON
        ]
        common = [_cell(outcome.figures[name], "\n") for name in COMMON]
        table.add_row(
            title(outcome.task, outcome.label), *common, f"{outcome.seconds_per_100:.3g}", "\n".join(own)
        )
    return table


def _cell(figure: Figure, between: str) -> str:
    """A figure's value, its interval and, where not all molecules could be measured, how many."""
    value, interval, _ = figure.cells()
    told = value if interval == "-" else f"{value}{between}({interval})"
    return told + coverage(figure)
