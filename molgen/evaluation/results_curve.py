"""The learning curve: failures against molecules seen, a power law through them, and where it meets a goal.

The failure share of a generator falls about as a power of the training molecules seen, a straight line of
logarithms, ``log f = a - b log M`` (the form of Hestness et al., Deep Learning Scaling is Predictable,
Empirically, 2017). Where it meets a goal is a ratio of two estimates, so its interval is Fieller's (J. Royal
Statistical Society B 16, 175, 1954), which is open above when the data cannot exclude a flat line.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import linregress, t

from molgen.core.errors import InputError
from molgen.evaluation.metrics.base import CONFIDENCE
from molgen.evaluation.results_goals import Goal

FEWEST = 3
"""Points that a line and its scatter need."""

FEW = 6
"""Below so many points the page warns."""


@dataclass(frozen=True)
class CurvePoint:
    """Figures after some training.

    Attributes:
        molecules_seen: Training molecules shown, repetitions counted.
        nfe: Network calls for one judged molecule that was not repaired.
        figures: ``protocol/metric`` to a share in [0, 1].
        core_hours: Hours that the training took until then, times its CPU cores; ``None`` if unknown or
            not on CPU cores.
        repaired: Whether molecules that came out broken were drawn again.
        judged: Numbers of seeds and molecules, in words.
        weights: Where the weights are kept, in words.
        commands: What was typed.
    """

    molecules_seen: int
    nfe: int
    figures: Mapping[str, float]
    core_hours: float | None = None
    repaired: bool = False
    judged: str = ""
    weights: str = ""
    commands: Sequence[str] = ()


@dataclass(frozen=True)
class Reach:
    """Molecules after which a failure share would be met.

    Attributes:
        molecules: Where the line meets it.
        low: Lower end of the interval.
        high: Upper end; infinite where there is none.
    """

    molecules: float
    low: float
    high: float


@dataclass(frozen=True)
class PowerLaw:
    """A line through logarithms, ``log f = level - slope (log M - centre)``.

    Attributes:
        seen: ``M`` of the points, ascending.
        failures: ``f`` of the points, in (0, 1].
        level: Of the line at its centre.
        slope: The exponent ``b``.
        centre: Mean of ``log M``.
        level_error: Standard error of ``level``.
        slope_error: Standard error of ``slope``.
    """

    seen: Sequence[int]
    failures: Sequence[float]
    level: float
    slope: float
    centre: float
    level_error: float
    slope_error: float

    @classmethod
    def fit(cls, seen: Sequence[int], failures: Sequence[float]) -> PowerLaw:
        """Fit by least squares.

        Raises:
            InputError: There are fewer than :data:`FEWEST` different numbers of molecules, or a point without
                failures, which has no logarithm.
        """
        if len(set(seen)) < FEWEST:
            raise InputError(
                f"the learning curve has figures after {sorted(set(seen))} molecules; a power law needs at "
                f"least {FEWEST} different numbers: judge more checkpoints of the training"
            )
        if min(failures) <= 0 or min(seen) <= 0:
            raise InputError(
                "the learning curve has a point without any failure, or before any training, which has no "
                "place on logarithmic axes; judge more molecules or leave that point out"
            )
        logs = np.log(np.asarray(seen, dtype=np.float64))
        centre = float(logs.mean())
        line = linregress(logs - centre, np.log(failures))
        return cls(
            tuple(seen),
            tuple(failures),
            float(line.intercept),
            -float(line.slope),
            centre,
            float(line.intercept_stderr),
            float(line.stderr),
        )

    def failure(self, molecules: float) -> float:
        """Return the failure share that the line gives."""
        return math.exp(self.level - self.slope * (math.log(molecules) - self.centre))

    def reach(self, failure: float) -> Reach | None:
        """Return after how many molecules the line meets a failure share; ``None`` where it does not fall.

        With ``u = log M - centre`` and errors that do not depend on each other, the interval holds all ``u``
        with ``(d - b u)^2 <= q^2 (s_level^2 + u^2 s_slope^2)``, where ``d = level - log failure``.
        """
        if self.slope <= 0:
            return None
        d = self.level - math.log(failure)
        q = float(t.ppf((1 + CONFIDENCE) / 2, len(self.seen) - 2))
        square = self.slope**2 - (q * self.slope_error) ** 2
        constant = d**2 - (q * self.level_error) ** 2
        root = (d * self.slope) ** 2 - square * constant
        if square <= 0:
            return Reach(self._molecules(d / self.slope), self._open_below(d, square, root), math.inf)
        ends = [(d * self.slope + sign * math.sqrt(max(root, 0.0))) / square for sign in (-1, 1)]
        low, high = (self._molecules(end) for end in ends)
        return Reach(self._molecules(d / self.slope), low, high)

    def _open_below(self, d: float, square: float, root: float) -> float:
        """Return the lower end of what holds where a flat line does; 0 where that has no lower end.

        What holds are then two rays, of which only the upper has an end below.
        """
        if square == 0 or root <= 0:
            return 0.0
        upper = max((d * self.slope + sign * math.sqrt(root)) / square for sign in (-1, 1))
        return self._molecules(upper) if d / self.slope >= upper else 0.0

    def _molecules(self, u: float) -> float:
        return math.exp(min(u + self.centre, 700.0))


@dataclass(frozen=True)
class CurveFit:
    """The fit of one figure at one number of calls, and the goals set for it.

    Attributes:
        figure: ``protocol/metric``.
        nfe: Network calls for one molecule.
        repaired: Whether broken ones were drawn again.
        law: Power law of its failure share.
        goals: Wanted values in per cent, ascending.
    """

    figure: str
    nfe: int
    repaired: bool
    law: PowerLaw
    goals: Sequence[float]

    @property
    def title(self) -> str:
        """The figure in words."""
        how = "" if self.repaired else ", without repair"
        return f"{self.figure.replace('/', ' ').replace('_', ' ')}, {self.nfe} NFE{how}"


def fit_curve(points: Sequence[CurvePoint], goals: Sequence[Goal]) -> list[CurveFit]:
    """Fit each figure that a goal is set for, at the most calls that the goal allows and enough points have.

    A goal that repair may help to reach is looked for on repaired points alone, and the others on others: one
    says nothing of the other. Figures with too few points are left out where others have enough.

    Raises:
        InputError: No goal is set for any of the curve's figures, or see :meth:`PowerLaw.fit`.
    """
    wanted: dict[tuple[str, int, bool], set[float]] = {}
    for goal in goals:
        name, repaired = f"{goal.protocol}/{goal.metric}", not goal.without_repair
        alike = [p for p in points if name in p.figures and p.repaired == repaired]
        calls = Counter(p.nfe for p in alike if goal.nfe[0] <= p.nfe <= goal.nfe[1])
        if calls and goal.at_least is not None:
            most = max(calls, key=lambda nfe: (calls[nfe] >= FEWEST, nfe))
            wanted.setdefault((name, most, repaired), set()).add(goal.at_least)
    if not wanted:
        names = sorted({goal.title for goal in goals})
        raise InputError(f"no goal is set for a figure of the learning curve; goals are {'; '.join(names)}")
    enough = {key: bounds for key, bounds in wanted.items() if len(_chosen(points, *key)) >= FEWEST}
    return [CurveFit(*key, _law(points, *key), sorted(bounds)) for key, bounds in (enough or wanted).items()]


def _chosen(points: Sequence[CurvePoint], name: str, nfe: int, repaired: bool) -> list[CurvePoint]:
    return [p for p in points if (p.nfe, p.repaired) == (nfe, repaired) and name in p.figures]


def _law(points: Sequence[CurvePoint], name: str, nfe: int, repaired: bool) -> PowerLaw:
    chosen = _chosen(points, name, nfe, repaired)
    return PowerLaw.fit([p.molecules_seen for p in chosen], [1 - p.figures[name] for p in chosen])
