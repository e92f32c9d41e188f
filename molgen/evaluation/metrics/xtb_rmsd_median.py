"""Median heavy-atom distance, angstrom, that GFN2-xTB relaxation moves a molecule."""

from __future__ import annotations

from molgen.evaluation.metrics.relaxation_estimate import ANGSTROM, RelaxationEstimate, median

xtb_rmsd_median = RelaxationEstimate("xtb", "rmsd", ANGSTROM, median)
