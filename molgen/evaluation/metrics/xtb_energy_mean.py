"""Mean energy that GFN2-xTB relaxation releases, kcal/mol; a few broken molecules rule it."""

from __future__ import annotations

from molgen.evaluation.metrics.relaxation_estimate import KCAL_PER_MOL, RelaxationEstimate, mean

xtb_energy_mean = RelaxationEstimate("xtb", "energy", KCAL_PER_MOL, mean)
