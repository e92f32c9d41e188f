"""Properties read off drawn molecules: descriptors by RDKit, others as a network predicts them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from molgen.chem.descriptors import DESCRIPTORS, describe
from molgen.chem.molecule import FieldValue, Molecule

PREDICTED = "predicted_"
"""Data fields that begin so hold what a network predicts of the property named after it, in its unit."""

PropertyPredictor = Callable[[Sequence[Molecule]], Mapping[str, NDArray[np.float64]]]
"""Maps ``M`` molecules, failed ones included, to ``(M,)`` values by property name, in its unit; NaN where
none is known. Properties that it does not know are absent."""


def by_rdkit(molecules: Sequence[Molecule]) -> dict[str, NDArray[np.float64]]:
    """Compute descriptors: see :data:`PropertyPredictor`."""
    nothing = dict.fromkeys(DESCRIPTORS, np.nan)
    rows = [nothing if m.mol is None else describe(m.mol) for m in molecules]
    return {name: np.array([row[name] for row in rows], dtype=np.float64) for name in DESCRIPTORS}


class PropertyReader:
    """Reads some properties off molecules.

    Args:
        names: Which.
        predict: Knows those of ``errors``, if that is given.
        errors: Property name to the mean absolute error of ``predict``, in its unit.

    Attributes:
        errors: Of every one of ``names`` that can be read, with which mean absolute error: descriptors with
            none.
    """

    def __init__(
        self,
        names: Sequence[str],
        predict: PropertyPredictor | None = None,
        errors: Mapping[str, float] | None = None,
    ) -> None:
        known = {**(errors or {}), **dict.fromkeys(DESCRIPTORS, 0.0)}
        self.errors = {name: known[name] for name in names if name in known}
        self.sources: list[PropertyPredictor] = []
        if any(name in DESCRIPTORS for name in self.errors):
            self.sources.append(by_rdkit)
        if predict is not None and any(name not in DESCRIPTORS for name in self.errors):
            self.sources.append(predict)

    def __call__(self, molecules: Sequence[Molecule]) -> list[dict[str, float]]:
        """Return what is known of each molecule, by name."""
        known: dict[str, NDArray[np.float64]] = {}
        for source in self.sources if molecules else ():
            found = source(molecules)
            known |= {name: found[name] for name in self.errors if name in found}
        rows = range(len(molecules))
        return [{n: float(v[row]) for n, v in known.items() if math.isfinite(v[row])} for row in rows]


def read_fields(values: Mapping[str, float]) -> dict[str, FieldValue]:
    """Return data fields of what was read: descriptors by name, predictions marked as such."""
    return {
        name if name in DESCRIPTORS else PREDICTED + name: float(f"{value:.6g}")
        for name, value in values.items()
    }
