"""What all metrics of a relaxation share: a statistic of one of its columns, with interval and coverage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molgen.evaluation.metrics.asked import asked
from molgen.evaluation.metrics.base import Share, share
from molgen.evaluation.metrics.estimate import Estimate, bootstrap_interval
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.table import Table

KCAL_PER_MOL = "kcal/mol"
ANGSTROM = "angstrom"


def median(values: NDArray[np.float64]) -> float:
    """Half of the values lie below it."""
    return float(np.median(values))


def mean(values: NDArray[np.float64]) -> float:
    """Arithmetic mean."""
    return float(values.mean())


def percentile_90(values: NDArray[np.float64]) -> float:
    """Nine tenths of the values lie below it."""
    return float(np.quantile(values, 0.9))


@dataclass(frozen=True)
class RelaxationEstimate:
    """A metric: one statistic over the molecules that could be relaxed, out of those it was asked of.

    A relaxation that stopped at the step limit is kept with what it had released until then, which flatters
    it less than leaving it out would; the note counts such molecules.

    Attributes:
        method: ``xtb`` or ``mmff``, the prefix of its columns.
        quantity: ``energy`` or ``rmsd``.
        unit: Unit of the quantity.
        statistic: Maps ``(n,)`` values to the figure.
    """

    method: str
    quantity: str
    unit: str
    statistic: Callable[[NDArray[np.float64]], float]

    def __call__(self, table: Table, reference: ReferenceSet | None) -> Estimate:
        """Return the statistic with its bootstrap interval over molecules."""
        rows, over = asked(table, f"{self.method}_relaxation")
        cells = table[f"{self.method}_{self.quantity}"][rows].tolist()
        values = np.array([cell for cell in cells if cell is not None], dtype=np.float64)
        if not len(values):
            none = f"none of {len(cells)} {over} could be computed"
            return Estimate(None, self.unit, 0, len(cells), over, note=none)
        interval = bootstrap_interval(values, self.statistic)
        unfinished = table[f"{self.method}_converged"][rows].tolist().count(False)
        note = f"{unfinished} not converged" if unfinished else None
        return Estimate(self.statistic(values), self.unit, len(values), len(cells), over, interval, note)


@dataclass(frozen=True)
class RelaxationCoverage:
    """A metric: of how many molecules the relaxation could be computed, converged or not.

    Attributes:
        method: ``xtb`` or ``mmff``, the prefix of its columns.
    """

    method: str

    def __call__(self, table: Table, reference: ReferenceSet | None) -> Share:
        """Return the share with an energy among those it was asked of."""
        rows, over = asked(table, f"{self.method}_relaxation")
        cells = table[f"{self.method}_energy"][rows].tolist()
        return share(len(cells) - cells.count(None), len(cells), over)
