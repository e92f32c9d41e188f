"""What requests need to know of the training molecules: sizes, formulas, and properties beside sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molgen.core.errors import CheckpointError, DataError
from molgen.core.formula import hill
from molgen.core.vocab import ATOMIC_NUMBERS
from molgen.data.size_prior import SizePrior

if TYPE_CHECKING:
    from molgen.data.dataset import MolDataset  # imports PyTorch Geometric

BINS = 40
"""Bins of a property between its 0.05 and 99.95 percentiles; the outermost take the rest."""
_TAIL = 0.05
_BORROWED = 5
"""How many molecules of the mean spread within formulas are added to those that a formula has."""
_SAME = 1e-9
"""Share of a property's variance below which it is a matter of the formula alone."""


@dataclass(frozen=True, eq=False)
class PropertyHistogram:
    """How a property is distributed, for every number of atoms.

    Attributes:
        edges: ``(K + 1,)`` float64, ascending, in the property's unit; what lies outside is counted in the
            outermost bins.
        sizes: ``(S,)`` int64 numbers of atoms, ascending.
        counts: ``(S, K)`` int64 molecules by size and bin.
        range: Smallest and largest value of a training molecule.
    """

    edges: Tensor
    sizes: Tensor
    counts: Tensor
    range: tuple[float, float]

    @classmethod
    def of(cls, values: NDArray[np.float64], num_atoms: NDArray[np.int64]) -> PropertyHistogram:
        """Count molecules, ``(M,)`` values and sizes; values that are not known are left out.

        Raises:
            DataError: No value is known.
        """
        known = np.isfinite(values)
        values, num_atoms = values[known], num_atoms[known]
        if not len(values):
            raise DataError(
                "a property of which no training molecule has a value cannot be asked for; leave it out"
            )
        low, high = np.percentile(values, [_TAIL, 100 - _TAIL])
        if not high > low:
            low, high = values.min(), max(values.max(), values.min() + 1)
        edges = np.linspace(low, high, BINS + 1)
        sizes, row = np.unique(num_atoms, return_inverse=True)
        column = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, BINS - 1)
        counts = np.zeros((len(sizes), BINS), dtype=np.int64)
        np.add.at(counts, (row, column), 1)
        span = float(values.min()), float(values.max())
        return cls(torch.from_numpy(edges), torch.from_numpy(sizes), torch.from_numpy(counts), span)

    def column(self, values: Tensor) -> Tensor:
        """Bin of each value, int64; values outside the range fall into the outermost."""
        place = torch.searchsorted(self.edges, values.to(self.edges), right=True) - 1
        return place.clamp(0, self.counts.shape[1] - 1)

    @property
    def spread(self) -> float:
        """Standard deviation over all sizes, as far as bins tell; no less than the width of one."""
        centres, weights = (self.edges[1:] + self.edges[:-1]) / 2, self.counts.sum(dim=0).double()
        mean = (weights @ centres) / weights.sum()
        deviation = ((weights @ (centres - mean) ** 2) / weights.sum()).sqrt()
        return float(deviation.clamp(min=self.edges.diff().min()))

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists."""
        lists = {name: getattr(self, name).tolist() for name in ("edges", "sizes", "counts")}
        return lists | {"range": list(self.range)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> PropertyHistogram:
        """Read what :meth:`to_dict` gave.

        Raises:
            ValueError: The parts do not fit together.
        """
        edges = torch.tensor(content["edges"], dtype=torch.float64)
        sizes, counts = torch.tensor(content["sizes"]), torch.tensor(content["counts"])
        low, high = content["range"]
        if counts.shape != (len(sizes), len(edges) - 1) or (edges.diff() <= 0).any():
            raise ValueError(f"a histogram of {tuple(counts.shape)} counts has {len(edges)} edges")
        return cls(edges, sizes, counts, (float(low), float(high)))


@dataclass(frozen=True, eq=False)
class PropertyByFormula:
    """A property's mean and standard deviation among the training molecules of every formula.

    Attributes:
        means: ``(F,)`` float64, in the property's unit.
        spreads: ``(F,)`` float64, above zero; those of rare formulas lean on the mean spread of all.
    """

    means: Tensor
    spreads: Tensor

    @classmethod
    def of(
        cls, values: NDArray[np.float64], formula: NDArray[np.int64], count: int
    ) -> PropertyByFormula | None:
        """Measure ``(M,)`` values of molecules whose formula is one of ``count``.

        A formula without known values has the mean and spread of all molecules.

        Returns:
            ``None`` where no value is known, or no two molecules of one formula differ.
        """
        known = np.isfinite(values)
        values, formula = values[known], formula[known]
        if not len(values):
            return None
        molecules = np.bincount(formula, minlength=count)
        means = np.bincount(formula, values, count) / molecules.clip(min=1)
        squares = np.bincount(formula, (values - means[formula]) ** 2, count)
        mean_square = squares.sum() / len(values)
        if not mean_square > _SAME * values.var():
            return None
        spreads = np.sqrt((squares + _BORROWED * mean_square) / (molecules + _BORROWED))
        means, spreads = (
            np.where(molecules > 0, own, of_all)
            for own, of_all in ((means, values.mean()), (spreads, values.std()))
        )
        return cls(torch.from_numpy(means), torch.from_numpy(spreads))

    def log_density(self, values: Tensor, molecules: Tensor) -> Tensor:
        """Log density of ``(B,)`` values in a molecule of each formula, ``(B, F)`` float64.

        Student's t, since means and spreads are those of few molecules: without its tails, a rare value is
        taken for one of whichever formula is known worst.

        Args:
            values: In the property's unit; what is NaN has NaN.
            molecules: ``(F,)`` numbers of training molecules.
        """
        freedom = molecules.double() + _BORROWED
        scale = self.spreads * (1 + 1 / freedom).sqrt()
        tails = torch.distributions.StudentT(freedom, self.means, scale, validate_args=False)
        return tails.log_prob(values.double().unsqueeze(1))

    def to_dict(self) -> dict[str, list[float]]:
        """Return plain lists, to six digits."""
        return {
            name: [float(f"{value:.6g}") for value in getattr(self, name).tolist()]
            for name in ("means", "spreads")
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], count: int) -> PropertyByFormula:
        """Read what :meth:`to_dict` gave, of ``count`` formulas.

        Raises:
            ValueError: It is of another number of formulas, or a number is not what it can be.
        """
        means, spreads = (torch.tensor(content[k], dtype=torch.float64) for k in ("means", "spreads"))
        if not len(means) == len(spreads) == count:
            raise ValueError(f"{count} formulas have {len(means)} means and {len(spreads)} spreads")
        if not (means.isfinite() & spreads.isfinite() & (spreads > 0)).all():
            raise ValueError("means must be finite and spreads above 0")
        return cls(means, spreads)


@dataclass(frozen=True, eq=False)
class TrainingStatistics:
    """Counts over the training molecules.

    Attributes:
        sizes: Distribution of the number of atoms.
        formulas: Formula in Hill's order to number of molecules; empty where it was not counted.
        properties: Property name to histogram, of the properties the model may be asked for.
        by_formula: Property name to what each of ``formulas`` tells of it, in their order; absent where that
            was not counted, as in checkpoints of earlier versions.
    """

    sizes: SizePrior
    formulas: Mapping[str, int] = field(default_factory=dict)
    properties: Mapping[str, PropertyHistogram] = field(default_factory=dict)
    by_formula: Mapping[str, PropertyByFormula] = field(default_factory=dict)

    @classmethod
    def of(cls, dataset: MolDataset) -> TrainingStatistics:
        """Count the molecules of a split; properties are those that its batches carry."""
        values = {n: dataset.store.properties[dataset.index, c] for n, c in dataset.labels.items()}
        formulas, formula = count_formulas(dataset)
        measured = {n: PropertyByFormula.of(value, formula, len(formulas)) for n, value in values.items()}
        return cls(
            SizePrior.from_sizes(dataset.num_atoms),
            formulas,
            {name: PropertyHistogram.of(value, dataset.num_atoms) for name, value in values.items()},
            {name: known for name, known in measured.items() if known is not None},
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON and checkpoints can hold."""
        return {
            "sizes": {str(size): count for size, count in self.sizes.counts.items()},
            "formulas": dict(self.formulas),
            "properties": {name: histogram.to_dict() for name, histogram in self.properties.items()},
            "by_formula": {name: known.to_dict() for name, known in self.by_formula.items()},
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> TrainingStatistics:
        """Read what :meth:`to_dict` gave.

        Raises:
            CheckpointError: Something else was given.
        """
        try:
            formulas = dict(content["formulas"])
            by_formula = content.get("by_formula", {}).items()
            return cls(
                SizePrior({int(size): count for size, count in content["sizes"].items()}),
                formulas,
                {name: PropertyHistogram.from_dict(h) for name, h in content["properties"].items()},
                {name: PropertyByFormula.from_dict(known, len(formulas)) for name, known in by_formula},
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(f"the training statistics are damaged: {error}") from error


def count_formulas(dataset: MolDataset) -> tuple[dict[str, int], NDArray[np.int64]]:
    """Count the formulas of a split.

    Returns:
        Formulas in Hill's order with their numbers of molecules, the commonest first; and the place of each
        molecule's formula among them, ``(M,)`` int64.
    """
    store, elements = dataset.store, np.unique(dataset.store.numbers)
    counts = np.stack(
        [np.add.reduceat(store.numbers == z, store.atom_offsets[:-1], dtype=np.int64) for z in elements],
        axis=1,
    )[dataset.index]
    rows, kind, occurrences = np.unique(counts, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(-occurrences, kind="stable")
    names = {z: element for element, z in ATOMIC_NUMBERS.items()}
    symbols = [names[z] for z in elements.tolist()]
    formulas = {
        hill(dict(zip(symbols, rows[i].tolist(), strict=True))): int(occurrences[i]) for i in order.tolist()
    }
    return formulas, np.argsort(order)[kind.reshape(-1)]
