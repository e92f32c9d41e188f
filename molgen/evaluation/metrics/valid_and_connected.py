"""Valid and connected: valid molecules in one piece without radicals, over all requested molecules."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molgen.evaluation.metrics.base import Share, share
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table


def whole(table: Table) -> NDArray[np.bool_]:
    """Say which molecules are valid, connected and closed-shell, ``(M,)``."""
    good: NDArray[np.bool_] = table["connected"] & table["closed_shell"]
    return good


def valid_and_connected(table: Table, reference: ReferenceSet | None) -> Share:
    """Share of molecules that are valid, connected and closed-shell."""
    return share(int(whole(table).sum()), len(table), "requested molecules")
