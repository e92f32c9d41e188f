"""Valid and unique: different SMILES of valid molecules, over all requested molecules."""

from __future__ import annotations

from molgen.evaluation.metrics.base import Share, share
from molgen.evaluation.metrics.uniqueness import distinct_smiles
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table


def valid_and_unique(table: Table, reference: ReferenceSet | None) -> Share:
    """Number of different valid molecules over all requested ones."""
    return share(len(distinct_smiles(table)), len(table), "requested molecules")
