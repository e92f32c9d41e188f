"""What a learning curve says, in words: where it would meet each goal, and how far that can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence

from molgen.evaluation.metrics.base import CONFIDENCE
from molgen.evaluation.results_curve import FEW, CurveFit, CurvePoint
from molgen.evaluation.results_tables import markdown_table

FARTHEST = 1e12
"""Molecules beyond which a number would only pretend to say something."""


def curve_text(points: Sequence[CurvePoint], fits: Sequence[CurveFit]) -> str:
    """Return the points as a table, and a line for every goal."""
    names = list(dict.fromkeys(fit.figure for fit in fits))
    timed = longest_timed(points)
    kept = any(point.weights for point in points)
    titles = ["molecules seen", *(["weights"] if kept else []), *(["core hours"] if timed else [])]
    titles += ["judged", "NFE", "repaired"]
    rows = [
        [
            f"{point.molecules_seen:,}",
            *([point.weights or "-"] if kept else []),
            *([_hours_text(point.core_hours)] if timed else []),
            point.judged,
            str(point.nfe),
            "yes" if point.repaired else "no",
            *(f"{100 * point.figures[name]:.2f}" if name in point.figures else "-" for name in names),
        ]
        for point in points
    ]
    titles += [name.replace("/", " ").replace("_", " ") + ", %" for name in names]
    lines = [f"- {fit.title}: {reach_text(fit, goal, timed)}" for fit in fits for goal in fit.goals]
    return "\n".join([markdown_table(titles, rows), *lines, "", caveat(fits, timed)]) + "\n"


def longest_timed(points: Sequence[CurvePoint]) -> CurvePoint | None:
    """The point of the longest training whose core hours are known, which costs are reckoned from."""
    timed = [point for point in points if point.core_hours is not None and point.molecules_seen > 0]
    return max(timed, key=lambda point: point.molecules_seen, default=None)


def reach_text(fit: CurveFit, goal: float, timed: CurvePoint | None = None) -> str:
    """Say after how many molecules the fit meets a goal in per cent, with the interval.

    Args:
        fit: The fit.
        goal: Wanted value in per cent.
        timed: A point whose core hours are known; what the goal would cost is said at its rate.
    """
    if goal >= 100:
        return f"{goal:g} % is no finite number of molecules away on a power law."
    reach = fit.law.reach(1 - goal / 100)
    if reach is None:
        return (
            f"the failures do not fall over these points; {goal:g} % is out of sight of more training alone."
        )
    verb = "the line would reach" if reach.molecules > max(fit.law.seen) else "the line passes"
    low, high = molecules_text(reach.low), molecules_text(reach.high)
    known = reach.molecules <= FARTHEST
    about = "about " if known else ""
    cost = ""
    if known and timed is not None and timed.core_hours is not None:
        hours = reach.molecules * timed.core_hours / timed.molecules_seen
        cost = f", about {_two_digits(hours)} core hours"
    met = [m for m, f in zip(fit.law.seen, fit.law.failures, strict=True) if 1 - f >= goal / 100]
    measured = f"; measured first after {molecules_text(min(met))}" if met else ""
    return (
        f"{verb} {goal:g} % after {about}{molecules_text(reach.molecules)} molecules "
        f"[{CONFIDENCE:.0%} interval {low} to {high}]{cost}{measured}; "
        f"failures fall as M^-{fit.law.slope:.2f}."
    )


def molecules_text(molecules: float) -> str:
    """Return a number of molecules in millions, with two digits."""
    if math.isinf(molecules):
        return "no upper bound"
    if molecules > FARTHEST:
        return f"more than {FARTHEST / 1e6:,.0f} M"
    return f"{_two_digits(molecules / 1e6)} M"


def _two_digits(value: float) -> str:
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


def _hours_text(hours: float | None) -> str:
    if hours is None:
        return "-"
    return f"{hours:.3g}" if hours < 1000 else f"{hours:,.0f}"


def caveat(fits: Sequence[CurveFit], timed: CurvePoint | None = None) -> str:
    """Say what an extrapolation is worth."""
    fewest = min(len(fit.law.seen) for fit in fits)
    text = (
        "The interval is that of the line alone (Fieller's, from the scatter of the points); it does not "
        "know whether the power law goes on, nor that a small network stops improving."
    )
    if fewest < FEW:
        text += f" It rests on {fewest} points: read it as an order of magnitude."
    if timed is not None:
        text += (
            f" Core hours are reckoned at the rate of the training until {timed.molecules_seen:,} molecules, "
            f"{_hours_text(timed.core_hours)} core hours."
        )
    return text
