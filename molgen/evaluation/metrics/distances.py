"""Distances of geometry and size to the reference: Wasserstein-1, each kind by itself, then their mean.

Bond lengths of C-C and of C-H would hide each other's faults in one heap, so the distance is taken kind by
kind (bond type, centre, chain) and averaged with the reference's shares of the kinds as weights: what is
common in the reference counts, and a model cannot improve the figure by making fewer of what it makes badly.

Torsions are unsigned. Around the circle the distance is the area between the two cumulative distributions
less their best common offset (Rabin, Delon and Gousseau, J. Math. Imaging Vis. 41, 147, 2011). For two sets
that both hold each molecule and its mirror image that offset is 0, by symmetry, and the area is that between
the unsigned torsions along [0, 180].

Two samples of one distribution are at a distance above 0 as well: 5,000 molecules of QM9 from 5,000 others at
about 0.0004 angstrom, 0.07 degrees of angles and 1.0 degrees of torsions, which spread far and have a hundred
kinds. So the bootstrap's resamples lie further out than the sample, and the interval is their spread moved
back about the value; compare figures of samples of the same size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molgen.evaluation.distribution import Distribution, Distributions
from molgen.evaluation.measurements import Measurements
from molgen.evaluation.metrics.base import CONFIDENCE
from molgen.evaluation.metrics.estimate import Estimate
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table

RESAMPLES = 100
"""Bootstrap resamples of the molecules; each goes through all measurements."""


@dataclass(frozen=True)
class MeasureDistance:
    """A metric: mean over kinds of the Wasserstein-1 distance of one measure to the reference.

    Attributes:
        measure: Name of the measure.
        unit: Its unit.
        of_valid: Whether the measure speaks of valid molecules alone.
    """

    measure: str
    unit: str
    of_valid: bool = True

    def __call__(self, table: Table, reference: ReferenceSet | None) -> Estimate:
        """Return the distance with an interval by bootstrap over molecules."""
        found = table.measured(self.measure)
        count = int(table["valid"].sum()) if self.of_valid else len(np.unique(found.row))

        def estimate(value: float | None, interval: tuple[float, float] | None, note: str) -> Estimate:
            return Estimate(value, self.unit, count, len(table), "requested molecules", interval, note)

        if reference is None:
            return estimate(None, None, "no reference was given")
        known = reference.distributions.get(self.measure)
        if known is None:
            return estimate(None, None, f"reference {reference.name!r} has no {self.measure}")
        kinds = _shared(found, known)
        if not kinds:
            return estimate(None, None, f"no {self.measure} of a kind that the reference has")
        value = _mean_distance(kinds)
        return estimate(value, _interval(kinds, value, len(table)), _note(found, known))


@dataclass(frozen=True, eq=False)
class _Kind:
    """Numbers ``(V,)`` of one kind, sorted, their molecules, and what the reference says of it."""

    values: NDArray[np.float64]
    row: NDArray[np.int32]
    reference: Distribution
    share: float


def _shared(found: Measurements, known: Distributions) -> list[_Kind]:
    kinds = []
    shares = known.shares()
    for index, kind in enumerate(found.kinds):
        if kind in known.kinds:
            chosen = np.flatnonzero(found.kind == index)
            chosen = chosen[np.argsort(found.values[chosen], kind="stable")]
            kinds.append(_Kind(found.values[chosen], found.row[chosen], known.kinds[kind], shares[kind]))
    return kinds


def _mean_distance(kinds: list[_Kind], times: NDArray[np.float64] | None = None) -> float:
    """Average over kinds; ``times (M,)`` is how often each molecule counts, by default once."""
    total, weight = 0.0, 0.0
    for kind in kinds:
        weights = None if times is None else times[kind.row]
        if weights is None or weights.any():
            total += kind.share * kind.reference.distance(kind.values, weights)
            weight += kind.share
    return total / weight


def _interval(kinds: list[_Kind], value: float, molecules: int) -> tuple[float, float] | None:
    """Spread of the bootstrap about the value, from 0 up; ``None`` where fewer than two molecules speak."""
    speaking = np.unique(np.concatenate([kind.row for kind in kinds]))
    if len(speaking) < 2:
        return None
    generator = np.random.default_rng(0)
    drawn = []
    for _ in range(RESAMPLES):
        # Molecules without any number cannot change the distance, so only the others are drawn.
        chosen = speaking[generator.integers(0, len(speaking), size=len(speaking))]
        drawn.append(_mean_distance(kinds, np.bincount(chosen, minlength=molecules).astype(np.float64)))
    tail = (1 - CONFIDENCE) / 2
    low, high = value + np.quantile(drawn, [tail, 1 - tail]) - np.mean(drawn)
    return max(0.0, float(low)), max(0.0, float(high))


def _note(found: Measurements, known: Distributions) -> str:
    note = f"to {known.molecules} molecules"
    missing = [kind for kind in known.kinds if kind not in found.kinds]
    if missing:
        share = sum(known.shares()[kind] for kind in missing)
        note += f"; {len(missing)} of {len(known.kinds)} kinds ({share:.2%} of the reference) are missing"
    foreign = [kind for kind in found.kinds if kind not in known.kinds]
    if foreign:
        counts: Mapping[str, int] = {kind: len(found.of(kind)) for kind in foreign}
        share = sum(counts.values()) / len(found)
        note += f"; {len(foreign)} kinds ({share:.2%} of the sample) are not in the reference"
    return note


bond_length_w1 = MeasureDistance("bond_lengths", "angstrom")
bond_angle_w1 = MeasureDistance("bond_angles", "degrees")
torsion_w1 = MeasureDistance("torsions", "degrees")
size_w1 = MeasureDistance("size", "atoms", of_valid=False)
