"""The results page: what shipped checkpoints reach, by one command from figures that others can make again.

It is Markdown with two figures beside it, and is never edited by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from molgen.core.files import atomic_path
from molgen.evaluation.beside import Beside
from molgen.evaluation.metrics.base import CONFIDENCE
from molgen.evaluation.quoted import Quoted
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.results_curve import CurveFit, CurvePoint
from molgen.evaluation.results_curve_text import curve_text
from molgen.evaluation.results_figures import write_curve_figure, write_quality_figure
from molgen.evaluation.results_goals import Goal
from molgen.evaluation.results_properties import JudgeErrors, properties_section
from molgen.evaluation.results_requests import Requests
from molgen.evaluation.results_run import Run
from molgen.evaluation.results_tables import (
    COLUMNS,
    goals_table,
    markdown_table,
    quality_table,
    runs_table,
    speed_table,
    table_remarks,
)

QUALITY_FIGURE, CURVE_FIGURE = "quality_against_time.svg", "learning_curve.svg"

ORIGIN = "This page is written by a command; nothing in it is edited by hand."

READING = (
    "Shares are in per cent of the molecules requested, failed ones included, but uniqueness of the valid "
    "ones and novelty of the unique ones. `x ± s [a, b]` is mean and standard deviation over seeds, then the "
    f"{CONFIDENCE:.0%} interval over all seeds together (Wilson for shares, bootstrap for others). "
    "Uniqueness, valid and unique, novelty, distances (w1), diversity and the Frechet distance (fcd) depend "
    "on how many molecules are looked at: compare them between rows of as many; they are means over seeds, "
    "without the interval where there are several. `(n together)` is a figure of all seeds together, where "
    "a seed has too few molecules for it. The test split of QM9 has no distance to itself, and no model of "
    "the training split can be as unique and novel. Rows marked quoted are published figures, not measured "
    "here: they have no interval, and those second hand are yet to be checked at their source. The "
    "checkpoint edm draws no bonds: those in its files are by the edm rule."
)


@dataclass(frozen=True)
class Curve:
    """A learning curve.

    Attributes:
        points: As given.
        fits: Power laws through them.
    """

    points: Sequence[CurvePoint]
    fits: Sequence[CurveFit]


@dataclass(frozen=True)
class ResultsPage:
    """What a page tells.

    Attributes:
        runs: Measured results.
        beside: Figures of the reference data.
        quoted: Published figures.
        goals: What shall be reached.
        known: The training data, as novelty by the bonded protocol knows it.
        requests: Tables of tasks, one for each call that made them.
        curve: Learning curve, or ``None``.
        judge: Errors of the judge of properties itself, or ``None``.
    """

    runs: Sequence[Run]
    beside: Beside
    quoted: Quoted
    goals: Sequence[Goal]
    known: ReferenceSet
    requests: Sequence[Requests] = ()
    curve: Curve | None = None
    judge: JudgeErrors | None = None

    def write(self, path: Path, command: str) -> None:
        """Write the page and, beside it, its figures.

        Args:
            path: Markdown file.
            command: What was typed.

        Raises:
            ConfigError: matplotlib is not installed.
            InputError: The folder is read-only or full.
        """
        write_quality_figure(self.runs, path.with_name(QUALITY_FIGURE))
        if self.curve is not None:
            write_curve_figure(self.curve.fits, path.with_name(CURVE_FIGURE))
        with atomic_path(path) as partial:
            partial.write_text(self.render(command), encoding="utf-8")

    def render(self, command: str) -> str:
        """Return the page as Markdown."""
        sections = [
            f"# Results\n\n{ORIGIN}\n\n{_commands([command])}\n{READING}\n",
            "## Molecules\n\n"
            + _commands(r.command for run in self.runs for r in run.records)
            + f"\n{runs_table(self.runs)}",
            *self._quality(),
            self._speed(),
            *self._requests(),
            *self._curve(),
            self._goals(),
        ]
        return "\n".join(sections)

    def _quality(self) -> list[str]:
        sections = []
        for protocol in COLUMNS:
            judged = [run.protocols[protocol] for run in self.runs if protocol in run.protocols]
            remark = self.quoted.group(protocol).remark
            sections.append(
                f"## Quality by protocol {protocol}\n\n"
                + _commands(found.command for found in judged)
                + "\n"
                + quality_table(self.runs, protocol, self.beside, self.quoted)
                + "".join(f"\n{told}\n" for told in table_remarks(self.runs, protocol, self.beside))
                + (f"\nQuoted rows: {remark}.\n" if self.quoted.group(protocol).rows else "")
            )
        return sections

    def _speed(self) -> str:
        return (
            "## Speed\n\nFrom run records of the commands under Molecules; wall time of drawing alone, in "
            "brackets that of the fastest and of the slowest seed.\n\n"
            f"{speed_table(self.runs)}\n![Quality against seconds per molecule]({QUALITY_FIGURE})\n"
        )

    def _requests(self) -> list[str]:
        tables = [_commands([r.command]) + "\n" + markdown_table(*r.cells()) for r in self.requests]
        beside = properties_section(self.requests, self.quoted.group("properties"), self.judge)
        return ["## Requests\n\n" + "\n".join(tables), *([beside] if beside else [])] if tables else []

    def _curve(self) -> list[str]:
        if self.curve is None:
            return []
        lead = _commands(command for point in self.curve.points for command in point.commands)
        text = curve_text(self.curve.points, self.curve.fits)
        picture = f"![Failures against molecules seen]({CURVE_FIGURE})"
        return [f"## Learning curve\n\n{lead}\n{text}\n{picture}\n"]

    def _goals(self) -> str:
        lead = (
            "From the tables above, means over seeds; of a range of NFE, the run that comes nearest; beside "
            f"it what {self.beside.title} has, where that does not depend on the number of molecules."
        )
        table = goals_table(self.goals, self.runs, self.beside, self.quoted)
        return f"## Goals\n\n{lead}\n\n{table}{self._repeats()}"

    def _repeats(self) -> str:
        """What uniqueness is to be seen beside: draws from the training data are not all different either."""
        nearest = [goal.best(self.runs) for goal in self.goals if goal.metric == "uniqueness"]
        counts = sorted({found[0].first.written for found in nearest if found is not None})
        return "".join(
            f"\nUniqueness beside the training data: of {draws:,} draws, with replacement, from the "
            f"{len(self.known):,} different molecules that novelty is measured against, "
            f"{self.known.expected_uniqueness(draws):.2%} are expected to be different.\n"
            for draws in counts
        )


def _commands(given: Iterable[str]) -> str:
    """Return commands, each once, as a block; nothing for none."""
    lines = list(dict.fromkeys(given))
    return "\n".join(["```", *lines, "```", ""]) if lines else "Not measured.\n"
