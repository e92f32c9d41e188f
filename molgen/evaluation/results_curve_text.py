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
    names = list(dict.fromkeys(name for point in points for name in point.figures))
    rows = [
        [
            f"{point.molecules_seen:,}",
            "-" if point.core_hours is None else f"{point.core_hours:.3g}",
            str(point.nfe),
            *(f"{100 * point.figures[name]:.2f}" if name in point.figures else "-" for name in names),
        ]
        for point in points
    ]
    titles = [name.replace("/", " ").replace("_", " ") + ", %" for name in names]
    hours = hours_per_molecule(points)
    lines = [f"- {fit.title}: {reach_text(fit, goal, hours)}" for fit in fits for goal in fit.goals]
    table = markdown_table(["molecules seen", "core hours", "NFE", *titles], rows)
    return "\n".join([table, *lines, "", caveat(fits)]) + "\n"


def hours_per_molecule(points: Sequence[CurvePoint]) -> float | None:
    """Core hours for one training molecule over the longest training whose hours are known."""
    timed = [point for point in points if point.core_hours is not None and point.molecules_seen > 0]
    if not timed:
        return None
    longest = max(timed, key=lambda point: point.molecules_seen)
    assert longest.core_hours is not None
    return longest.core_hours / longest.molecules_seen


def reach_text(fit: CurveFit, goal: float, hours: float | None = None) -> str:
    """Say after how many molecules the fit meets a goal in per cent, with the interval.

    Args:
        fit: The fit.
        goal: Wanted value in per cent.
        hours: Core hours for one molecule; what the goal would cost is said if they are known.
    """
    if goal >= 100:
        return f"{goal:g} % is no finite number of molecules away on a power law."
    reach = fit.law.reach(1 - goal / 100)
    if reach is None:
        return (
            f"the failures do not fall over these points; {goal:g} % is out of sight of more training alone."
        )
    verb = "would reach" if reach.molecules > max(fit.law.seen) else "passes"
    low, high = molecules_text(reach.low), molecules_text(reach.high)
    known = reach.molecules <= FARTHEST
    cost = "" if hours is None or not known else f", {_two_digits(reach.molecules * hours)} core hours"
    return (
        f"{verb} {goal:g} % after {'about ' if known else ''}{molecules_text(reach.molecules)} molecules"
        f"{cost} [{CONFIDENCE:.0%} interval {low} to {high}]; failures fall as M^-{fit.law.slope:.2f}."
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


def caveat(fits: Sequence[CurveFit]) -> str:
    """Say what an extrapolation is worth."""
    fewest = min(len(fit.law.seen) for fit in fits)
    text = (
        "The interval is that of the line alone (Fieller's, from the scatter of the points); it does not "
        "know whether the power law goes on, nor that a small network stops improving."
    )
    if fewest < FEW:
        text += f" It rests on {fewest} points: read it as an order of magnitude."
    return text
