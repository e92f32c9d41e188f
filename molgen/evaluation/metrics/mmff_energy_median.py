"""Median energy that MMFF94 relaxation releases, kcal/mol: a force field, not a quantum method."""

from __future__ import annotations

from molgen.evaluation.metrics.relaxation_estimate import KCAL_PER_MOL, RelaxationEstimate, median

mmff_energy_median = RelaxationEstimate("mmff", "energy", KCAL_PER_MOL, median)
