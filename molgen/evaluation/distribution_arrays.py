"""Distributions as plain arrays, so that a reference file holds no Python objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.core.errors import InputError
from molgen.evaluation.distribution import MAX_POINTS, Distribution, Distributions

PREFIX = "distribution"
PARTS = ("molecules", "kinds", "counts", "lengths", "points")


def to_arrays(distributions: Mapping[str, Distributions]) -> dict[str, NDArray[Any]]:
    """Return arrays named ``distribution/<measure>/<part>``.

    The parts: ``molecules ()`` int64, ``kinds (K,)`` texts, ``counts (K,)`` int64 numbers per kind, ``lengths
    (K,)`` int64 points per kind, and ``points`` float32, those of all kinds one after the other.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for measure, found in distributions.items():
        kinds = list(found.kinds.values())
        parts = (
            np.array(found.molecules, dtype=np.int64),
            np.array(list(found.kinds), dtype=np.str_),
            np.array([kind.count for kind in kinds], dtype=np.int64),
            np.array([len(kind.points) for kind in kinds], dtype=np.int64),
            np.concatenate([np.zeros(0, dtype=np.float32), *(kind.points for kind in kinds)]),
        )
        arrays |= {f"{PREFIX}/{measure}/{name}": part for name, part in zip(PARTS, parts, strict=True)}
    return arrays


def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Distributions]:
    """Read what :func:`to_arrays` made; other arrays are passed over, and there may be none.

    Raises:
        InputError: A part is missing, of the wrong type or shape, or holds what no distribution does.
    """
    names = sorted({key.split("/")[1] for key in arrays if key.startswith(f"{PREFIX}/")})
    return {name: _one(name, arrays) for name in names}


def _one(measure: str, arrays: Mapping[str, NDArray[Any]]) -> Distributions:
    keys = [f"{PREFIX}/{measure}/{part}" for part in PARTS]
    missing = [key for key in keys if key not in arrays]
    if missing:
        raise InputError(f"it lacks the arrays {missing}; make the reference again")
    molecules, kinds, counts, lengths, points = (arrays[key] for key in keys)
    if not _fit(molecules, kinds, counts, lengths, points):
        raise InputError(f"its distributions of {measure!r} are damaged; make the reference again")
    split = np.split(points, np.cumsum(lengths)[:-1])
    held = {
        kind: Distribution(part, count)
        for kind, part, count in zip(kinds.tolist(), split, counts.tolist(), strict=False)
    }
    return Distributions(int(molecules), held)


def _fit(
    molecules: NDArray[Any],
    kinds: NDArray[Any],
    counts: NDArray[Any],
    lengths: NDArray[Any],
    points: NDArray[Any],
) -> bool:
    typed = (molecules.dtype.kind, kinds.dtype.kind, counts.dtype.kind, lengths.dtype.kind) == tuple("iUii")
    if not typed or points.dtype != np.float32 or points.ndim != 1 or molecules.shape != ():
        return False
    if kinds.ndim != 1 or counts.shape != kinds.shape or lengths.shape != kinds.shape or molecules < 1:
        return False
    if len(set(kinds.tolist())) != len(kinds) or lengths.sum() != len(points):
        return False
    if ((lengths < 1) | (lengths > counts) | (lengths > MAX_POINTS)).any() or not np.isfinite(points).all():
        return False
    # A step down is allowed only where the next kind begins.
    down = set((np.flatnonzero(np.diff(points) < 0) + 1).tolist())
    return down <= set(np.cumsum(lengths).tolist())
