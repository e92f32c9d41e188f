"""Metrics: one figure over the evaluation table each, with its denominator and interval.

A metric is a function ``metric(table, reference) -> Figure``: a share, an estimate or a profile. A molecule
that failed anything stays in the denominator. To add one: a file here, a line in :data:`METRICS`, or in
:data:`OF_A_SET` where its value depends on how many molecules there are, its name in a protocol, a test.
"""

from collections.abc import Mapping

from molgen.evaluation.metrics.atom_stability import atom_stability
from molgen.evaluation.metrics.base import Share, share, wilson_interval
from molgen.evaluation.metrics.clusters import clustered_share
from molgen.evaluation.metrics.connected import connected
from molgen.evaluation.metrics.distances import bond_angle_w1, bond_length_w1, size_w1, torsion_w1
from molgen.evaluation.metrics.diversity import diversity
from molgen.evaluation.metrics.estimate import Estimate, bootstrap_interval
from molgen.evaluation.metrics.fcd import fcd
from molgen.evaluation.metrics.figure import Figure, Metric, coverage
from molgen.evaluation.metrics.mmff_coverage import mmff_coverage
from molgen.evaluation.metrics.mmff_energy_median import mmff_energy_median
from molgen.evaluation.metrics.mmff_rmsd_median import mmff_rmsd_median
from molgen.evaluation.metrics.molecule_stability import molecule_stability
from molgen.evaluation.metrics.novelty import novelty
from molgen.evaluation.metrics.plausibility import plausibility
from molgen.evaluation.metrics.plausible_with_energy_ratio import plausible_with_energy_ratio
from molgen.evaluation.metrics.profile import Profile
from molgen.evaluation.metrics.profiles import element_profile, functional_group_profile, ring_profile
from molgen.evaluation.metrics.stereo import stereo_as_stated
from molgen.evaluation.metrics.uniqueness import uniqueness
from molgen.evaluation.metrics.valid_and_connected import valid_and_connected, whole
from molgen.evaluation.metrics.valid_and_unique import valid_and_unique
from molgen.evaluation.metrics.validity import validity
from molgen.evaluation.metrics.xtb_coverage import xtb_coverage
from molgen.evaluation.metrics.xtb_energy_mean import xtb_energy_mean
from molgen.evaluation.metrics.xtb_energy_median import xtb_energy_median
from molgen.evaluation.metrics.xtb_energy_p90 import xtb_energy_p90
from molgen.evaluation.metrics.xtb_rmsd_median import xtb_rmsd_median

DISTANCES: Mapping[str, Metric] = {
    "bond_angle_w1": bond_angle_w1,
    "bond_length_w1": bond_length_w1,
    "fcd": fcd,
    "size_w1": size_w1,
    "torsion_w1": torsion_w1,
}
"""Metrics that say how far a set is from the reference, which is at no distance from itself."""

OF_A_SET: Mapping[str, Metric] = {
    **DISTANCES,
    "diversity": diversity,
    "novelty": novelty,
    "uniqueness": uniqueness,
    "valid_and_unique": valid_and_unique,
}
"""Metrics of a set as a whole, whose value depends on how many molecules are looked at.

Of more molecules more repeat, and distances of samples fall. So files of other sizes cannot be compared by
them, and all seeds together have another value than a seed.
"""

METRICS: Mapping[str, Metric] = {
    **OF_A_SET,
    "atom_stability": atom_stability,
    "connected": connected,
    "element_profile": element_profile,
    "functional_group_profile": functional_group_profile,
    "mmff_coverage": mmff_coverage,
    "mmff_energy_median": mmff_energy_median,
    "mmff_rmsd_median": mmff_rmsd_median,
    "molecule_stability": molecule_stability,
    "plausibility": plausibility,
    "plausible_with_energy_ratio": plausible_with_energy_ratio,
    "ring_profile": ring_profile,
    "stereo_as_stated": stereo_as_stated,
    "valid_and_connected": valid_and_connected,
    "validity": validity,
    "xtb_coverage": xtb_coverage,
    "xtb_energy_mean": xtb_energy_mean,
    "xtb_energy_median": xtb_energy_median,
    "xtb_energy_p90": xtb_energy_p90,
    "xtb_rmsd_median": xtb_rmsd_median,
}
"""Metric functions by the name that protocols use."""

__all__ = [
    "DISTANCES",
    "METRICS",
    "OF_A_SET",
    "Estimate",
    "Figure",
    "Metric",
    "Profile",
    "Share",
    "bootstrap_interval",
    "clustered_share",
    "coverage",
    "share",
    "whole",
    "wilson_interval",
]
