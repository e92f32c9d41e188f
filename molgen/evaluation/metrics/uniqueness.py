"""Uniqueness: different SMILES over valid molecules, and over all requested ones."""

from __future__ import annotations

from molgen.evaluation.metrics.base import Share, share
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table


def distinct_smiles(table: Table) -> set[str]:
    """Return the SMILES of all valid molecules, each once."""
    return set(table["smiles"][table["valid"].astype(bool)].tolist())


def uniqueness(table: Table, reference: ReferenceSet | None) -> Share:
    """Number of different SMILES over valid molecules."""
    return share(len(distinct_smiles(table)), int(table["valid"].sum()), "valid molecules")
