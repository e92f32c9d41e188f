"""Coverage of GFN2-xTB relaxation: molecules it could be computed for, over those drawn for it."""

from __future__ import annotations

from molgen.evaluation.metrics.relaxation_estimate import RelaxationCoverage

xtb_coverage = RelaxationCoverage("xtb")
