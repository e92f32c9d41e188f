"""Stereochemistry as stated, over the molecules whose record states some."""

from __future__ import annotations

from molgen.evaluation.metrics.base import Share, share
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table


def stereo_as_stated(table: Table, reference: ReferenceSet | None) -> Share:
    """Share of molecules that show what is stated; one that cannot be compared does not."""
    stated = [cell is not None for cell in table["stereo_stated"].tolist()]
    shown = [cell is True for cell in table["stereo_as_stated"].tolist()]
    return share(sum(shown), sum(stated), "molecules with stated stereochemistry")
