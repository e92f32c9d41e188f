"""Frechet ChemNet distance: how unlike the reference a set is to a network trained on bioactivity.

Preuer et al., J. Chem. Inf. Model. 58, 1736, 2018. Duplicates count. SMILES are those of the table, without
stereochemistry, in the sample and in the reference. ChemNet takes about 6 ms a molecule on one core.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np

from molgen.evaluation.chemnet import LENGTH, ChemNetStatistics
from molgen.evaluation.metrics.estimate import Estimate
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table

MIN_MOLECULES = 2000
"""Fewer do not determine the covariance of 512 activations, and the distance grows without meaning."""

MAX_MOLECULES = 10_000
"""Of more, so many are drawn by a generator of seed 0."""

OVER = "valid molecules"


def fcd(table: Table, reference: ReferenceSet | None) -> Estimate:
    """Return the distance to the reference; no value where it cannot be had, with the reason."""
    names = sorted(table["smiles"][table["valid"].astype(bool)].tolist())
    usable = _drawn([name for name in names if len(name) < LENGTH])
    reason = _obstacle(len(usable), reference)
    if reason is not None:
        return Estimate(None, "", 0, len(names), OVER, note=reason)
    assert reference is not None
    known = reference.chemnet or ChemNetStatistics.of(_drawn(reference.smiles))
    value = ChemNetStatistics.of(usable).distance(known)
    note = f"to {known.molecules} molecules; falls with the number of molecules"
    return Estimate(value, "", len(usable), len(names), OVER, note=note)


def _drawn(names: Sequence[str]) -> list[str]:
    chosen = np.random.default_rng(0).permutation(len(names))[:MAX_MOLECULES]
    return [names[index] for index in np.sort(chosen)]


def _obstacle(usable: int, reference: ReferenceSet | None) -> str | None:
    if reference is None:
        return "no reference was given"
    if reference.chemnet is None and not reference.smiles:
        return f"reference {reference.name!r} has no SMILES"
    known = reference.chemnet.molecules if reference.chemnet is not None else len(reference.smiles)
    if min(usable, known) < MIN_MOLECULES:
        return f"it takes {MIN_MOLECULES} molecules, got {usable} and {known} in the reference"
    if find_spec("fcd") is None:
        return 'the package fcd is not installed: pip install "molgen3d[eval]"'
    return None
