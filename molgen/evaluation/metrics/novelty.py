"""Novelty: different molecules that the reference does not hold, over different molecules.

QM9 is close to an exhaustive enumeration of small molecules, so high novelty can mean a bad fit.
"""

from __future__ import annotations

from molgen.evaluation.metrics.base import Share, share
from molgen.evaluation.metrics.uniqueness import distinct_smiles
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table

OVER = "unique molecules"


def novelty(table: Table, reference: ReferenceSet | None) -> Share:
    """Share of different valid SMILES that are not in the reference; no value without a reference."""
    distinct = sorted(distinct_smiles(table))
    if reference is None:
        return Share(0, len(distinct), OVER, note="no reference was given")
    return share(int((~reference.contains_all(distinct)).sum()), len(distinct), OVER)
