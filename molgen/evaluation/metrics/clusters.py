"""Shares of things that come in clusters, as atoms of molecules: how many of them count as independent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from molgen.evaluation.metrics.base import Share, share


def clustered_share(
    passed: Sequence[int] | NDArray[np.int64],
    sizes: Sequence[int] | NDArray[np.int64],
    over: str,
    note: str | None = None,
) -> Share:
    """Share of things that have a property, with the interval of a cluster sample.

    Things of one cluster are not independent, so the interval counts as many observations as would give the
    variance between clusters (ratio estimator of a cluster sample: Cochran, Sampling Techniques, 1977). For
    clusters of one it is Wilson's.

    Args:
        passed: How many of each cluster have the property, ``(G,)``.
        sizes: How many each cluster has, ``(G,)``.
        over: What is counted, in words.
        note: How the figure must be read.
    """
    given, counts = np.asarray(passed, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    total = counts.sum()
    if not total:
        return share(0, 0, over)
    proportion = given.sum() / total
    variance = np.square(given - proportion * counts).sum() / total**2
    # Without any spread between clusters these, not what they hold, are the safe count.
    effective = proportion * (1 - proportion) / variance if variance > 0 else len(counts)
    return share(int(given.sum()), int(total), over, min(float(effective), float(total)), note)
