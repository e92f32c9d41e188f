"""Which molecules a check was asked about: all of them, or those drawn for a slow one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molgen.evaluation.metrics.base import Share, share
from molgen.evaluation.table import Table

DRAWN = "drawn molecules"
"""What a figure is over where a slow check looked at some that were drawn."""


def asked(table: Table, check: str) -> tuple[NDArray[np.bool_], str]:
    """Return which rows a check was asked about, ``(M,)`` bool, and what those are, in words."""
    if f"{check}_drawn" in table.columns:
        return table[f"{check}_drawn"].astype(bool), DRAWN
    return np.ones(len(table), dtype=bool), "requested molecules"


def share_of_verdicts(verdicts: list[bool | None], over: str) -> Share:
    """Share of passes; what is not computable stays in the denominator and is counted in the note.

    Args:
        verdicts: One a molecule, ``None`` for not computable.
        over: What the molecules are, in words.
    """
    unknown = verdicts.count(None)
    note = f"{unknown} not computable" if unknown else None
    return share(verdicts.count(True), len(verdicts), over, note=note)
