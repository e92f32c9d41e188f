"""Atom stability: stable atoms over all atoms of all requested molecules."""

from __future__ import annotations

from molgen.evaluation.metrics.base import Share
from molgen.evaluation.metrics.clusters import clustered_share
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table


def atom_stability(table: Table, reference: ReferenceSet | None) -> Share:
    """Share of stable atoms; those that cannot be computed are not among them.

    Atoms of one molecule are not independent: the interval is that of a cluster sample.
    """
    unknown = int(table["uncomputable_atoms"].sum()) if "uncomputable_atoms" in table.columns else 0
    note = f"{unknown} not computable" if unknown else None
    return clustered_share(table["stable_atoms"], table["num_atoms"], "atoms", note)
