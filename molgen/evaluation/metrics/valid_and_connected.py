"""Valid and connected: valid molecules in one piece without radicals, over all requested molecules."""

from __future__ import annotations

from molgen.evaluation.metrics.base import Share, share
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table


def valid_and_connected(table: Table, reference: ReferenceSet | None) -> Share:
    """Share of molecules that are valid, connected and closed-shell."""
    good = table["connected"] & table["closed_shell"]
    return share(int(good.sum()), len(table), "requested molecules")
