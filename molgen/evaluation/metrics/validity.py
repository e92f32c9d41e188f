"""Validity: molecules that RDKit sanitises, over all requested molecules."""

from __future__ import annotations

from molgen.evaluation.metrics.base import Share, share
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table


def validity(table: Table, reference: ReferenceSet | None) -> Share:
    """Share of valid molecules."""
    return share(int(table["valid"].sum()), len(table), "requested molecules")
