"""What one measure says of all molecules, flat, so that ten thousand of them take a few megabytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Measurements:
    """Numbers with their kind and their molecule.

    Attributes:
        kinds: Names of the kinds, sorted.
        values: ``(V,)`` float64 numbers, in the measure's unit.
        kind: ``(V,)`` int32 index into ``kinds``.
        row: ``(V,)`` int32 row of the molecule in the table, not decreasing.
    """

    kinds: tuple[str, ...]
    values: NDArray[np.float64]
    kind: NDArray[np.int32]
    row: NDArray[np.int32]

    @classmethod
    def collect(cls, molecules: Sequence[Mapping[str, Sequence[float]]]) -> Measurements:
        """Flatten what a measure said of each molecule, in the table's order."""
        kinds = tuple(sorted({kind for measured in molecules for kind in measured}))
        place = {kind: index for index, kind in enumerate(kinds)}
        values: list[float] = []
        kind_of: list[int] = []
        row_of: list[int] = []
        for row, measured in enumerate(molecules):
            for kind, numbers in measured.items():
                values += numbers
                kind_of += [place[kind]] * len(numbers)
                row_of += [row] * len(numbers)
        return cls(
            kinds,
            np.array(values, dtype=np.float64),
            np.array(kind_of, dtype=np.int32),
            np.array(row_of, dtype=np.int32),
        )

    def __len__(self) -> int:
        """How many numbers ``V``."""
        return len(self.values)

    def of(self, kind: str) -> NDArray[np.float64]:
        """Return all numbers of one kind; none for a kind that was not met."""
        if kind not in self.kinds:
            return np.zeros(0)
        return self.values[self.kind == self.kinds.index(kind)]
