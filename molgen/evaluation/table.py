"""The evaluation table: one row per requested molecule, one column per answer of a check.

Beside it stand the measurements, of which a molecule has many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.core.errors import ConfigError
from molgen.evaluation.checks import CellValue
from molgen.evaluation.measurements import Measurements


@dataclass(frozen=True, eq=False)
class Table:
    """Answers of all checks for ``M`` molecules, failures included.

    Attributes:
        columns: Column name to an ``(M,)`` array; where a cell may be ``None``, and for texts, of objects.
        measurements: Measure name to what it says of all molecules.
    """

    columns: Mapping[str, NDArray[Any]]
    measurements: Mapping[str, Measurements] = field(default_factory=dict)

    @classmethod
    def from_rows(
        cls,
        rows: Sequence[Mapping[str, CellValue]],
        measurements: Mapping[str, Measurements] | None = None,
    ) -> Table:
        """Collect rows that all have the same columns."""
        columns = {name: _column([row[name] for row in rows]) for name in rows[0]} if rows else {}
        return cls(columns, measurements or {})

    def __len__(self) -> int:
        """Number of molecules ``M``."""
        return len(next(iter(self.columns.values()), ()))

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return one column, ``(M,)``.

        Raises:
            ConfigError: No check of the protocol writes that column.
        """
        if name not in self.columns:
            raise ConfigError(
                f"no check of this protocol writes the column {name!r} that a metric needs (columns: "
                f"{', '.join(self.columns)}); add the check to the protocol or leave the metric out"
            )
        return self.columns[name]

    def measured(self, name: str) -> Measurements:
        """Return the measurements of one measure.

        Raises:
            ConfigError: The protocol does not take that measure.
        """
        if name not in self.measurements:
            raise ConfigError(
                f"this protocol does not take the measure {name!r} that a metric needs (measures: "
                f"{', '.join(self.measurements) or 'none'}); add it to the protocol or leave the metric out"
            )
        return self.measurements[name]

    def rows(self) -> Iterator[dict[str, CellValue]]:
        """Yield one dict of plain Python values per molecule, in order."""
        lists = [column.tolist() for column in self.columns.values()]
        for cells in zip(*lists, strict=True):
            yield dict(zip(self.columns, cells, strict=True))


def _column(cells: list[CellValue]) -> NDArray[Any]:
    text = any(cell is None or isinstance(cell, str) for cell in cells)
    return np.array(cells, dtype=object if text else None)
