"""Internal diversity: how unlike each other the different molecules of a set are.

One minus the mean Tanimoto similarity of Morgan fingerprints (Rogers and Hahn, J. Chem. Inf. Model. 50, 742,
2010; radius 2, 2048 bits) over pairs of different molecules. Benhenda (arXiv:1708.08227, 2017) and MOSES
(Polykovskiy et al., Front. Pharmacol. 11, 565644, 2020) average over the pairs of a molecule with itself as
well, and over duplicates: their figure is a little lower.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, rdBase
from rdkit.Chem import rdFingerprintGenerator

from molgen.evaluation.metrics.base import CONFIDENCE
from molgen.evaluation.metrics.estimate import Estimate
from molgen.evaluation.metrics.uniqueness import distinct_smiles
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table

RADIUS = 2
BITS = 2048
MAX_PAIRS = 500_000
"""Pairs that are compared; of more, so many are drawn, which costs less than 0.0005 of accuracy."""

CHUNK = 20_000
RESAMPLES = 200
OVER = "unique molecules"

_SET_BITS = np.unpackbits(np.arange(65536, dtype=np.uint16).view(np.uint8).reshape(-1, 2), axis=1).sum(axis=1)
"""Number of bits in a 16-bit word."""


def diversity(table: Table, reference: ReferenceSet | None) -> Estimate:
    """One minus the mean similarity of different valid molecules, with an interval by bootstrap over them."""
    names = sorted(distinct_smiles(table))
    words, unread = _fingerprints(names)
    note = f"{unread} SMILES cannot be read back" if unread else None
    if len(words) < 2:
        return Estimate(None, "", len(words), len(names), OVER, note=note or "it takes two molecules")
    generator = np.random.default_rng(0)
    first, second = _pairs(len(words), generator)
    unlike = 1 - _similarities(words, first, second)
    drawn = []
    for _ in range(RESAMPLES):
        chosen = generator.integers(0, len(words), size=len(words))
        times = np.bincount(chosen, minlength=len(words))
        weights = times[first] * times[second]
        if weights.any():
            drawn.append(float(unlike @ weights / weights.sum()))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    interval = (float(low), float(high))
    return Estimate(float(unlike.mean()), "", len(words), len(names), OVER, interval, note)


def _fingerprints(names: Sequence[str]) -> tuple[NDArray[np.uint16], int]:
    """Return fingerprints as words, ``(n, BITS / 16)``, and how many SMILES RDKit does not read back."""
    make = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BITS)
    rows = []
    with rdBase.BlockLogs():
        for name in names:
            mol = Chem.MolFromSmiles(name)
            if mol is not None:
                rows.append(np.packbits(make.GetFingerprintAsNumPy(mol)))
    return np.array(rows, dtype=np.uint8).reshape(-1, BITS // 8).view(np.uint16), len(names) - len(rows)


def _pairs(count: int, generator: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all pairs of different molecules, or :data:`MAX_PAIRS` drawn with replacement."""
    if count * (count - 1) // 2 <= MAX_PAIRS:
        first, second = np.triu_indices(count, k=1)
        return first, second
    first = generator.integers(0, count, size=MAX_PAIRS)
    return first, (first + generator.integers(1, count, size=MAX_PAIRS)) % count


def _similarities(
    words: NDArray[np.uint16], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the Tanimoto similarity of each pair; that of two fingerprints without bits is 1."""
    found = []
    for start in range(0, len(first), CHUNK):
        a, b = words[first[start : start + CHUNK]], words[second[start : start + CHUNK]]
        both, either = _SET_BITS[a & b].sum(axis=1), _SET_BITS[a | b].sum(axis=1)
        found.append(np.where(either > 0, both / np.maximum(either, 1), 1.0))
    similarities: NDArray[np.float64] = np.concatenate(found)
    return similarities
