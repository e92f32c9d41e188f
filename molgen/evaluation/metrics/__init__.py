"""Metrics: one figure over the evaluation table each, with its denominator and interval.

A metric is a function ``metric(table, reference) -> Figure``: a share, an estimate or a profile. A molecule
that failed anything stays in the denominator. To add one: a file here, a line in :data:`METRICS`, its name in
a protocol, a test.
"""

from collections.abc import Mapping

from molgen.evaluation.metrics.atom_stability import atom_stability
from molgen.evaluation.metrics.base import Share, share, wilson_interval
from molgen.evaluation.metrics.connected import connected
from molgen.evaluation.metrics.estimate import Estimate, bootstrap_interval
from molgen.evaluation.metrics.figure import Figure, Metric
from molgen.evaluation.metrics.molecule_stability import molecule_stability
from molgen.evaluation.metrics.novelty import novelty
from molgen.evaluation.metrics.profile import Profile
from molgen.evaluation.metrics.uniqueness import uniqueness
from molgen.evaluation.metrics.valid_and_connected import valid_and_connected
from molgen.evaluation.metrics.valid_and_unique import valid_and_unique
from molgen.evaluation.metrics.validity import validity

METRICS: Mapping[str, Metric] = {
    "atom_stability": atom_stability,
    "connected": connected,
    "molecule_stability": molecule_stability,
    "novelty": novelty,
    "uniqueness": uniqueness,
    "valid_and_connected": valid_and_connected,
    "valid_and_unique": valid_and_unique,
    "validity": validity,
}
"""Metric functions by the name that protocols use."""

__all__ = [
    "METRICS",
    "Estimate",
    "Figure",
    "Metric",
    "Profile",
    "Share",
    "bootstrap_interval",
    "share",
    "wilson_interval",
]
