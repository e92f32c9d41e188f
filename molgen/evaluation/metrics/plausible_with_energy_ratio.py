"""Plausible with energy ratio: molecules that pass all of PoseBusters, over those drawn for the ratio."""

from __future__ import annotations

from molgen.evaluation.metrics.asked import asked, share_of_verdicts
from molgen.evaluation.metrics.base import Share
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table


def plausible_with_energy_ratio(table: Table, reference: ReferenceSet | None) -> Share:
    """Share of molecules that are plausible and whose energy ratio passes.

    One that fails either has failed; one that fails neither, but of which something could not be computed,
    counts as not computable.
    """
    rows, over = asked(table, "energy_ratio")
    plausible, ratio = table["plausible"][rows].tolist(), table["energy_ratio_passes"][rows].tolist()
    verdicts = [_both(first, second) for first, second in zip(plausible, ratio, strict=True)]
    return share_of_verdicts(verdicts, over)


def _both(first: bool | None, second: bool | None) -> bool | None:
    if first is False or second is False:
        return False
    return None if first is None or second is None else True
