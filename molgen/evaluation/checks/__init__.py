"""Checks: one question about one molecule each, answered in named columns of the evaluation table.

A check is a function ``check(molecule, **thresholds) -> dict of column name to value``. It never raises on
a bad molecule and never answers "cannot tell" with a pass. To add one: a file here, a line in
:data:`CHECKS`, its thresholds in a protocol, a test.
"""

from collections.abc import Callable, Mapping

from molgen.evaluation.checks.bonded_stability import check_bonded_stability
from molgen.evaluation.checks.connectivity import check_connectivity
from molgen.evaluation.checks.edm_stability import check_edm_stability
from molgen.evaluation.checks.energy_ratio import check_energy_ratio
from molgen.evaluation.checks.mmff_relaxation import check_mmff_relaxation
from molgen.evaluation.checks.plausibility import check_plausibility
from molgen.evaluation.checks.radicals import check_radicals
from molgen.evaluation.checks.stereo import check_stereo
from molgen.evaluation.checks.validity import check_validity
from molgen.evaluation.checks.xtb_relaxation import check_xtb_relaxation

CellValue = bool | int | float | str | None
"""What one cell of the table holds."""

Check = Callable[..., Mapping[str, CellValue]]

CHECKS: Mapping[str, Check] = {
    "bonded_stability": check_bonded_stability,
    "connectivity": check_connectivity,
    "edm_stability": check_edm_stability,
    "energy_ratio": check_energy_ratio,
    "mmff_relaxation": check_mmff_relaxation,
    "plausibility": check_plausibility,
    "radicals": check_radicals,
    "stereo": check_stereo,
    "validity": check_validity,
    "xtb_relaxation": check_xtb_relaxation,
}
"""Check functions by the name that protocols use."""

__all__ = [
    "CHECKS",
    "CellValue",
    "Check",
    "check_bonded_stability",
    "check_connectivity",
    "check_edm_stability",
    "check_energy_ratio",
    "check_mmff_relaxation",
    "check_plausibility",
    "check_radicals",
    "check_stereo",
    "check_validity",
    "check_xtb_relaxation",
]
