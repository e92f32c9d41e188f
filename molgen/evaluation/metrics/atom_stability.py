"""Atom stability: stable atoms over all atoms of all requested molecules."""

from __future__ import annotations

import numpy as np

from molgen.evaluation.metrics.base import Share, share
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table


def atom_stability(table: Table, reference: ReferenceSet | None) -> Share:
    """Share of stable atoms; those that cannot be computed are not among them.

    Atoms of one molecule are not independent, so the interval counts as many observations as would give the
    variance between molecules (ratio estimator of a cluster sample: Cochran, Sampling Techniques, 1977).
    """
    stable, atoms = table["stable_atoms"].astype(float), table["num_atoms"].astype(float)
    total = atoms.sum()
    if not total:
        return share(0, 0, "atoms")
    proportion = stable.sum() / total
    variance = np.square(stable - proportion * atoms).sum() / total**2
    # Without any spread between molecules the molecules, not their atoms, are the safe count.
    effective = proportion * (1 - proportion) / variance if variance > 0 else len(table)
    unknown = int(table["uncomputable_atoms"].sum()) if "uncomputable_atoms" in table.columns else 0
    note = f"{unknown} not computable" if unknown else None
    return share(int(stable.sum()), int(total), "atoms", min(float(effective), float(total)), note)
