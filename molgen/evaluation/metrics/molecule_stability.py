"""Molecule stability: molecules whose atoms are all stable, over all requested molecules."""

from __future__ import annotations

from molgen.evaluation.metrics.base import Share, share
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table


def molecule_stability(table: Table, reference: ReferenceSet | None) -> Share:
    """Share of molecules in which every atom is stable."""
    return share(int(table["stable"].sum()), len(table), "requested molecules")
