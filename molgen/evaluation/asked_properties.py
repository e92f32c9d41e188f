"""How near molecules come to the properties that were asked of them, by EDM's protocol.

The protocol is that of Hoogeboom et al., "Equivariant Diffusion for Molecule Generation in 3D" (ICML 2022).
A record says what was asked in data fields ``asked_NAME``. Descriptors are computed by RDKit; other
properties are predicted by a judge that is handed in, so that this package meets no model. Beside each error
stand the error of the judge itself on molecules that it has not seen, below which nothing can be told apart,
and that of the same molecules with the asked values shuffled, which a generator earns that does not listen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.table import Table as RichTable

from molgen.chem.asked import ASKED, asked_of
from molgen.chem.descriptors import DESCRIPTORS, describe
from molgen.chem.molecule import Molecule
from molgen.core.errors import InputError
from molgen.evaluation.metrics.base import CONFIDENCE, Share, share
from molgen.evaluation.metrics.estimate import Estimate, bootstrap_interval

MEV_PER_HARTREE = 27211.386245988
"""CODATA 2018."""

_CHUNK = 512
_SHUFFLES = 100


@dataclass(frozen=True)
class PropertyJudge:
    """What predicts properties, and how well.

    Attributes:
        predict: Maps molecules to property name to ``(M,)`` values in its unit, NaN where it cannot say.
        units: Property name to unit, of those that it predicts.
        errors: Property name to its mean absolute error on molecules that it has not seen.
        error_molecules: Which molecules those are, in words.
    """

    predict: Callable[[Sequence[Molecule]], Mapping[str, NDArray[np.float64]]]
    units: Mapping[str, str]
    errors: Mapping[str, float]
    error_molecules: str


@dataclass(frozen=True)
class AskedFigure:
    """How one property was met.

    Attributes:
        name: The property.
        error: Mean absolute error over the judged, out of those asked.
        valid: Share of valid molecules among those asked.
        shuffled: Mean absolute error with the asked values shuffled among the judged; ``None`` if there are
            none.
        judge: Mean absolute error of the judge itself; ``None`` where RDKit computes the property.
    """

    name: str
    error: Estimate
    valid: Share
    shuffled: float | None
    judge: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        content = {
            "mean_absolute_error": self.error.to_dict(),
            "valid": self.valid.to_dict(),
            "shuffled": self.shuffled,
            "judge": self.judge,
        }
        if self.error.unit == "hartree":
            figures = (("value", self.error.value), ("shuffled", self.shuffled), ("judge", self.judge))
            content["meV"] = {name: None if v is None else v * MEV_PER_HARTREE for name, v in figures}
        return content

    def cells(self) -> list[str]:
        """Return what a printed table shows; energies in meV, the value in hartree below."""
        unit, scale = ("meV", MEV_PER_HARTREE) if self.error.unit == "hartree" else (self.error.unit, 1.0)
        value, interval, count = self.error.cells()
        if self.error.value is not None and scale != 1:
            value = f"{scale * self.error.value:.4g} {unit}\n{value}"
            bounds = self.error.interval
            interval = "-" if bounds is None else " - ".join(f"{scale * bound:.4g}" for bound in bounds)
        beside = ["-" if v is None else f"{scale * v:.4g}" for v in (self.shuffled, self.judge)]
        return [
            self.name,
            value,
            interval,
            *beside,
            count,
            f"{self.valid.numerator}/{self.valid.denominator}",
        ]


@dataclass(frozen=True)
class AskedReport:
    """How all asked properties of some molecules were met.

    Attributes:
        total: Number of molecules, those that were asked for nothing included.
        figures: One for each property that was asked.
        judge: What the errors of the judge were measured on, in words.
    """

    total: int
    figures: Sequence[AskedFigure]
    judge: str

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values that JSON can hold."""
        return {
            "n": self.total,
            "judge": self.judge,
            "interval": {"confidence": CONFIDENCE, "method": "bootstrap"},
            "properties": {figure.name: figure.to_dict() for figure in self.figures},
        }

    def render(self) -> RichTable:
        """Return a table for a terminal."""
        rich = RichTable(
            title=f"asked properties, n = {self.total}",
            caption="shuffled: the asked values permuted among the judged molecules; judge: its own error on "
            f"{self.judge}, - where RDKit computes the property",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
            show_edge=False,
        )
        rich.add_column("property")
        for head in ("mean abs. error", f"{CONFIDENCE:.0%} interval", "shuffled", "judge"):
            rich.add_column(head, justify="right")
        rich.add_column("judged")
        rich.add_column("valid", justify="right")
        for figure in self.figures:
            rich.add_row(*figure.cells())
        return rich


@dataclass
class _Answers:
    """Asked and found values of one property, and how many of the asked are valid."""

    asked: list[float] = field(default_factory=list)
    found: list[float] = field(default_factory=list)
    valid: int = 0


def judge_asked(molecules: Iterable[Molecule], judge: PropertyJudge) -> AskedReport:
    """Compare what was asked with what is found.

    Args:
        molecules: Rows of a file, failed ones included.
        judge: Predicts what RDKit does not compute.

    Returns:
        One figure per property that any row was asked for, in order of first appearance.

    Raises:
        InputError: An asked value is not a number, or no row was asked for anything.
    """
    answers: dict[str, _Answers] = defaultdict(_Answers)
    total = 0
    for chunk in _chunks(molecules):
        _answer(chunk, total, judge, answers)
        total += len(chunk)
    if not answers:
        raise InputError(
            f"none of {total} molecules says which properties were asked of it; give an SDF of molgen sample "
            f"--property, or one with data fields such as {ASKED}gap"
        )
    figures = [_figure(name, found, judge) for name, found in answers.items()]
    return AskedReport(total, figures, judge.error_molecules)


def _chunks(molecules: Iterable[Molecule]) -> Iterator[list[Molecule]]:
    remaining = iter(molecules)
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk


def _answer(
    chunk: Sequence[Molecule], before: int, judge: PropertyJudge, answers: dict[str, _Answers]
) -> None:
    asked = [asked_of(molecule, row) for row, molecule in enumerate(chunk, start=before + 1)]
    names = {name for each in asked for name in each}
    predicted = judge.predict(chunk) if names - set(DESCRIPTORS) else {}
    for row, (molecule, wanted) in enumerate(zip(chunk, asked, strict=True)):
        computed = (
            describe(molecule.mol) if molecule.mol is not None and set(wanted) & set(DESCRIPTORS) else {}
        )
        for name, value in wanted.items():
            source = computed.get(name, np.nan) if name in DESCRIPTORS else _entry(predicted, name, row)
            answers[name].asked.append(value)
            answers[name].found.append(source)
            answers[name].valid += molecule.mol is not None


def _entry(predicted: Mapping[str, NDArray[np.float64]], name: str, row: int) -> float:
    return float(predicted[name][row]) if name in predicted else np.nan


def _figure(name: str, answers: _Answers, judge: PropertyJudge) -> AskedFigure:
    asked, found = np.array(answers.asked), np.array(answers.found)
    judged = np.isfinite(found)
    errors = np.abs(asked - found)[judged]
    unit = DESCRIPTORS[name].unit if name in DESCRIPTORS else judge.units.get(name, "")
    known = name in DESCRIPTORS or name in judge.units
    estimate = Estimate(
        value=float(errors.mean()) if len(errors) else None,
        unit="" if unit == "1" else unit,
        count=len(errors),
        total=len(asked),
        over="asked",
        interval=bootstrap_interval(errors, lambda drawn: float(drawn.mean())),
        note=None if known else f"the judge knows {', '.join(judge.units)}",
    )
    valid = share(answers.valid, len(asked), "asked")
    shuffled = shuffled_error(asked[judged], found[judged]) if len(errors) else None
    return AskedFigure(name, estimate, valid, shuffled, judge.errors.get(name))


def shuffled_error(asked: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    """Mean absolute error with the asked values permuted, averaged over permutations of seed 0.

    Args:
        asked: ``(M,)`` asked values.
        found: ``(M,)`` found values.
    """
    generator = np.random.default_rng(0)
    return float(np.mean([np.abs(generator.permutation(asked) - found).mean() for _ in range(_SHUFFLES)]))
