"""Connected: valid molecules in one piece, over all requested molecules."""

from __future__ import annotations

from molgen.evaluation.metrics.base import Share, share
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table


def connected(table: Table, reference: ReferenceSet | None) -> Share:
    """Share of molecules that are valid and connected."""
    return share(int(table["connected"].sum()), len(table), "requested molecules")
