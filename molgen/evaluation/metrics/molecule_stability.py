"""Molecule stability: molecules whose atoms are all stable, over all requested molecules."""

from __future__ import annotations

from molgen.evaluation.metrics.base import Share, share
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table


def molecule_stability(table: Table, reference: ReferenceSet | None) -> Share:
    """Share of molecules in which every atom is stable; those that cannot be computed are not among them."""
    verdicts = table["stable"].tolist()
    unknown = verdicts.count(None)
    note = f"{unknown} not computable" if unknown else None
    return share(verdicts.count(True), len(table), "requested molecules", note=note)
