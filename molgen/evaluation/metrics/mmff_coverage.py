"""Coverage of MMFF94 relaxation: molecules it has parameters for, over those it was asked about."""

from __future__ import annotations

from molgen.evaluation.metrics.relaxation_estimate import RelaxationCoverage

mmff_coverage = RelaxationCoverage("mmff")
