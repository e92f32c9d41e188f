"""Job: what is asked of every molecule, small enough to send to another process with the molecules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from molgen.chem.molecule import Molecule
from molgen.evaluation.checks import CHECKS, CellValue
from molgen.evaluation.measures import MEASURES, Measured
from molgen.evaluation.protocols import BOND_RULES, Protocol


@dataclass(frozen=True)
class Verdict:
    """What was found of one molecule.

    Attributes:
        row: Column name to cell.
        measured: Measure name to its numbers by kind.
    """

    row: Mapping[str, CellValue]
    measured: Mapping[str, Measured]


@dataclass(frozen=True)
class Job:
    """Bonds, checks and measures, without the metrics that are made of them.

    Attributes:
        bonds: Key of :data:`~molgen.evaluation.protocols.BOND_RULES`.
        checks: Check name to its thresholds by parameter name.
        measures: Names of measures.
    """

    bonds: str
    checks: Mapping[str, Mapping[str, Any]]
    measures: Sequence[str] = ()

    @classmethod
    def of_all(cls, protocol: Protocol) -> Job:
        """Return what a protocol asks of every molecule."""
        checks = {name: given for name, given in protocol.checks.items() if name not in protocol.limits}
        return cls(protocol.bonds, checks, protocol.measures)

    @classmethod
    def of_drawn(cls, protocol: Protocol, check: str) -> Job:
        """Return what a protocol asks of the molecules that are drawn for a slow check."""
        return cls(protocol.bonds, {check: protocol.checks[check]})

    def __call__(self, molecules: Sequence[Molecule]) -> list[Verdict]:
        """Judge molecules, in order.

        Each row says in ``bonds`` which rule gave them: ``own``, ``edm``, or ``None`` where there are none.
        """
        judged = BOND_RULES[self.bonds](molecules)
        return [self._verdict(given, molecule) for given, molecule in zip(molecules, judged, strict=True)]

    def _verdict(self, given: Molecule, molecule: Molecule) -> Verdict:
        row: dict[str, CellValue] = {"bonds": _bond_source(given, molecule)}
        for name, thresholds in self.checks.items():
            row |= CHECKS[name](molecule, **thresholds)
        return Verdict(row, {name: MEASURES[name](molecule) for name in self.measures})


def _bond_source(given: Molecule, judged: Molecule) -> str | None:
    if judged.bonds is None:
        return None
    return "own" if judged is given else "edm"
