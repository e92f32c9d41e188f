"""Median energy that GFN2-xTB relaxation releases, kcal/mol, over molecules drawn for it."""

from __future__ import annotations

from molgen.evaluation.metrics.relaxation_estimate import KCAL_PER_MOL, RelaxationEstimate, median

xtb_energy_median = RelaxationEstimate("xtb", "energy", KCAL_PER_MOL, median)
