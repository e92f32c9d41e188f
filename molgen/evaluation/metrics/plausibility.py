"""Plausibility: molecules that pass PoseBusters without its energy ratio, over all requested molecules."""

from __future__ import annotations

from molgen.evaluation.metrics.asked import asked, share_of_verdicts
from molgen.evaluation.metrics.base import Share
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table


def plausibility(table: Table, reference: ReferenceSet | None) -> Share:
    """Share of plausible molecules; those that cannot be computed are not among them."""
    rows, over = asked(table, "plausibility")
    return share_of_verdicts(table["plausible"][rows].tolist(), over)
