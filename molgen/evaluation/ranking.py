"""Which molecules a page shows: the worst, with what is wrong with each, and the best."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from molgen.evaluation.checks import CellValue
from molgen.evaluation.report import Report

NAMES = ("smiles", "bonds")
"""Columns of text that say what a molecule is; other texts say what is wrong with it."""

STRAINS = {"xtb_energy": "GFN2-xTB", "mmff_energy": "MMFF94"}
"""Columns of released energy, kcal/mol, to the method, the more reliable first."""

SAME_REASON = 3
"""How many of the worst molecules may fail for the same reason, so that others are seen as well."""


@dataclass(frozen=True)
class Judged:
    """What all protocols together say of one molecule.

    Attributes:
        row: Row of the table.
        faults: Answers "no" of all checks, as ``<protocol>: <reason>``.
        severity: How many answers were "no".
        strain: Energy that relaxation released, kcal/mol, where it was computed.
        method: What computed it.
    """

    row: int
    faults: tuple[str, ...]
    severity: int
    strain: float | None
    method: str | None


def judged_rows(reports: Sequence[Report]) -> list[Judged]:
    """Collect the verdicts of several protocols on the same molecules, in order."""
    found = []
    for row, cells in enumerate(zip(*(report.table.rows() for report in reports), strict=True)):
        faults = [
            f"{report.protocol.name}: {fault}"
            for report, answers in zip(reports, cells, strict=True)
            for fault in faults_of(answers)
        ]
        severity = sum(len(failed_checks(answers)) for answers in cells)
        strain, method = _strain(cells)
        found.append(Judged(row, tuple(faults), severity, strain, method))
    return found


def worst(judged: Sequence[Judged], count: int) -> list[Judged]:
    """Return molecules with any fault, most faults first, then the most strained; few for the same reason."""
    faulty = [j for j in judged if j.severity or j.strain is not None]
    ordered = sorted(faulty, key=lambda j: (-j.severity, -(j.strain or 0.0), j.row))
    chosen: list[Judged] = []
    seen: Counter[tuple[str, ...]] = Counter()
    for candidate in ordered:
        reason = tuple(general(fault) for fault in candidate.faults)
        seen[reason] += 1
        if seen[reason] <= SAME_REASON or not reason:
            chosen.append(candidate)
        if len(chosen) == count:
            break
    return chosen


def best(judged: Sequence[Judged], count: int) -> list[Judged]:
    """Return molecules without a fault, the least strained first; those never relaxed come last."""
    sound = [j for j in judged if not j.severity and not j.faults]
    unknown = float("inf")
    return sorted(sound, key=lambda j: (unknown if j.strain is None else j.strain, j.row))[:count]


def failed_checks(cells: Mapping[str, CellValue]) -> list[str]:
    """Return the columns that answer "no"; not having been drawn is no answer."""
    return [name for name, cell in cells.items() if cell is False and not name.endswith("_drawn")]


def faults_of(cells: Mapping[str, CellValue]) -> list[str]:
    """Say what is wrong with a molecule: the checks' own words, or the names of those that answer "no"."""
    words = [cell for name, cell in cells.items() if isinstance(cell, str) and name not in NAMES]
    return list(dict.fromkeys(words)) or [f"not {name.replace('_', ' ')}" for name in failed_checks(cells)]


def reason_counts(report: Report) -> Counter[str]:
    """Count molecules by what is wrong with them, whichever atom it is; one may have several reasons."""
    counts: Counter[str] = Counter()
    for cells in report.table.rows():
        counts.update(dict.fromkeys((general(fault) for fault in faults_of(cells)), 1))
    return counts


def general(reason: str) -> str:
    """Take the numbers of atoms out of a reason, so that equal faults are equal words."""
    without = re.sub(r"\s*\(atom \d+\)|\b\d+ of \d+ (?=atoms)", "", reason)
    return re.sub(r"\b(atoms?) \d+( and \d+)?", r"\1", without)


def _strain(cells: Sequence[Mapping[str, CellValue]]) -> tuple[float | None, str | None]:
    for value, method in _strains(cells):
        return value, method
    return None, None


def _strains(cells: Sequence[Mapping[str, CellValue]]) -> Iterator[tuple[float, str]]:
    for column, method in STRAINS.items():
        for answers in cells:
            value = answers.get(column)
            if isinstance(value, float):
                yield value, method
