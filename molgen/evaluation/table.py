"""The evaluation table: one row per requested molecule, one column per answer of a check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.core.errors import ConfigError
from molgen.evaluation.checks import CellValue


@dataclass(frozen=True, eq=False)
class Table:
    """Answers of all checks for ``M`` molecules, failures included.

    Attributes:
        columns: Column name to an ``(M,)`` array; texts are object arrays, with ``None`` for none.
    """

    columns: Mapping[str, NDArray[Any]]

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, CellValue]]) -> Table:
        """Collect rows that all have the same columns."""
        return cls({name: _column([row[name] for row in rows]) for name in rows[0]} if rows else {})

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

    def rows(self) -> Iterator[dict[str, CellValue]]:
        """Yield one dict of plain Python values per molecule, in order."""
        lists = [column.tolist() for column in self.columns.values()]
        for cells in zip(*lists, strict=True):
            yield dict(zip(self.columns, cells, strict=True))


def _column(cells: list[CellValue]) -> NDArray[Any]:
    text = any(cell is None or isinstance(cell, str) for cell in cells)
    return np.array(cells, dtype=object if text else None)
