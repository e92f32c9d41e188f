"""Median heavy-atom distance, angstrom, that MMFF94 relaxation moves a molecule."""

from __future__ import annotations

from molgen.evaluation.metrics.relaxation_estimate import ANGSTROM, RelaxationEstimate, median

mmff_rmsd_median = RelaxationEstimate("mmff", "rmsd", ANGSTROM, median)
