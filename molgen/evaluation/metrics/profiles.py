"""Profiles: rings, functional groups and elements per molecule beside those of the reference.

A model gains stability by losing variety, and these show what it lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from molgen.evaluation.metrics.profile import Profile
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table


@dataclass(frozen=True)
class MeasureProfile:
    """A metric: sum of a counting measure by kind, per molecule.

    Attributes:
        measure: Name of the measure, which gives numbers of things.
        of_valid: Whether the measure speaks of valid molecules alone; else of all that were requested.
    """

    measure: str
    of_valid: bool = True

    def __call__(self, table: Table, reference: ReferenceSet | None) -> Profile:
        """Return the profile, beside the reference's where it has one."""
        found = table.measured(self.measure)
        count = int(table["valid"].sum()) if self.of_valid else len(table)
        over = "valid molecules" if self.of_valid else "requested molecules"
        known = None if reference is None else reference.distributions.get(self.measure)
        beside = None if known is None else known.per_molecule()
        if not count:
            return Profile({}, 0, over, beside, f"there are no {over}")
        sums = np.bincount(found.kind, weights=found.values, minlength=len(found.kinds)) / count
        values = dict(zip(found.kinds, sums.tolist(), strict=True))
        return Profile(values, count, over, beside, None if values else "none occur")


ring_profile = MeasureProfile("ring_sizes")
functional_group_profile = MeasureProfile("functional_groups")
element_profile = MeasureProfile("elements", of_valid=False)
