"""90th percentile of the energy that GFN2-xTB relaxation releases, kcal/mol."""

from __future__ import annotations

from molgen.evaluation.metrics.relaxation_estimate import KCAL_PER_MOL, RelaxationEstimate, percentile_90

xtb_energy_p90 = RelaxationEstimate("xtb", "energy", KCAL_PER_MOL, percentile_90)
