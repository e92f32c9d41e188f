"""The file of a learning curve: how much training each point had, and where its figures are.

Figures are read from what ``molgen evaluate --json`` wrote, beside the run records of the judged molecules,
as those of any result; nothing but the training is typed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from molgen.core.errors import InputError
from molgen.evaluation.metrics import Share
from molgen.evaluation.results_curve import CurvePoint
from molgen.evaluation.results_run import Run, read_json

KEYS = ("molecules_seen", "evaluation", "core_hours", "weights")

FORM = (
    'a list of {"molecules_seen": 960000, "evaluation": "NAME.eval.json"}, files of molgen evaluate --json '
    'beside the list, each with "core_hours": 2.5 where they are known and "weights": "where they are kept"'
)


def read_curve(path: Path) -> list[CurvePoint]:
    """Read a learning curve, sorted by molecules seen.

    Args:
        path: JSON of the form :data:`FORM`.

    Raises:
        InputError: The file is not of that form, an evaluation cannot be used, or hours are not positive or
            do not grow with the molecules seen.
    """
    content = read_json(path, f"give {FORM}")
    try:
        points = [_point(given, path.parent) for given in content]
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise InputError(f"{path} is no learning curve ({error!r}); give {FORM}") from error
    _check_hours(path, points)
    return sorted(points, key=lambda point: point.molecules_seen)


def _point(given: Mapping[str, Any], folder: Path) -> CurvePoint:
    if unknown := sorted(given.keys() - set(KEYS)):
        raise KeyError(f"unknown key {unknown[0]}")
    hours = given.get("core_hours")
    if hours is not None and (isinstance(hours, bool) or not isinstance(hours, int | float)):
        raise TypeError(f"core_hours {hours!r} is no number")
    point = _judged(int(given["molecules_seen"]), Run.read(folder / str(given["evaluation"])))
    point = replace(point, weights=str(given.get("weights", "")))
    return point if hours is None else replace(point, core_hours=float(hours))


def _judged(molecules_seen: int, run: Run) -> CurvePoint:
    """Return a point with every share of a run."""
    shares = {
        f"{protocol}/{metric}": value / 100
        for protocol, judged in run.protocols.items()
        for metric, figure in judged.figures.items()
        if isinstance(figure, Share) and (value := judged.value(metric)) is not None
    }
    commands = [record.command for record in run.records]
    return CurvePoint(
        molecules_seen,
        run.first.calls,
        shares,
        repaired=run.first.repair > 0,
        judged=run.size,
        commands=(*commands, *dict.fromkeys(judged.command for judged in run.protocols.values())),
    )


def _check_hours(path: Path, points: Sequence[CurvePoint]) -> None:
    """Refuse core hours that cannot be counted from the start of one training."""
    timed = sorted((p.molecules_seen, p.core_hours) for p in points if p.core_hours is not None)
    for seen, hours in timed:
        if not 0 < hours < math.inf:
            raise InputError(
                f"{path} has core_hours {hours:g} after {seen:,} molecules; give positive hours, or leave "
                "the key out where they are unknown"
            )
    for (seen, hours), (more, later) in itertools.pairwise(timed):
        if later < hours or (seen == more and later != hours):
            raise InputError(
                f"{path} has core_hours {hours:g} after {seen:,} molecules and {later:g} after {more:,}; "
                "they are counted from the start of one training"
            )
