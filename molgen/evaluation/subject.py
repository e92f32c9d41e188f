"""A subject: what one column of figures is about, a file or the files of one model, judged by protocols."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from molgen.chem.damage import DamagedFileError
from molgen.chem.io import iter_rows
from molgen.chem.molecule import Molecule
from molgen.evaluation.metrics import Figure
from molgen.evaluation.pooling import Spread, pooled, spread
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.report import Report


@dataclass(frozen=True, eq=False)
class Subject:
    """Molecules of one or more files, pooled, and what was found of them.

    Attributes:
        name: What reports call it.
        files: Where the molecules are, in order.
        reports: One report over all molecules for each protocol.
        by_file: For each protocol one report a file.
    """

    name: str
    files: Sequence[Path]
    reports: Sequence[Report]
    by_file: Sequence[Sequence[Report]]

    @classmethod
    def of(
        cls,
        files: Sequence[Path],
        by_file: Sequence[Sequence[Report]],
        references: Mapping[str, ReferenceSet],
    ) -> Subject:
        """Pool what was found of each file.

        Args:
            files: At least one.
            by_file: For each protocol one report a file.
            references: What they were measured against, by bond rule.
        """
        reports = [pooled(each, references.get(each[0].protocol.bonds)) for each in by_file]
        name = files[0].name if len(files) == 1 else f"{files[0].name} and {len(files) - 1} more"
        return cls(name, files, reports, by_file)

    @property
    def count(self) -> int:
        """Number of requested molecules."""
        return len(self.reports[0].table)

    def report(self, protocol: str) -> Report | None:
        """Return the report of the protocol of that name, or ``None``."""
        return next((r for r in self.reports if r.protocol.name == protocol), None)

    def figure(self, protocol: str, metric: str) -> Figure | None:
        """Return a figure of the protocol of that name, or ``None`` where it was not judged by it."""
        report = self.report(protocol)
        return None if report is None else report.figures[metric]

    def spread(self, protocol: str, metric: str) -> Spread | None:
        """Return how a figure scatters over the files; ``None`` for a single file."""
        reports = next((each for each in self.by_file if each[0].protocol.name == protocol), [])
        return spread(reports, metric) if len(reports) > 1 else None

    def places(self) -> Iterator[tuple[Path, int]]:
        """Yield file and record, counted from 0, of every molecule, in order."""
        for file, report in zip(self.files, self.by_file[0], strict=True):
            yield from ((file, index) for index in range(len(report.table)))

    def molecules(self, rows: Sequence[int]) -> dict[int, Molecule]:
        """Read some molecules again, those of all rows that are asked for.

        Args:
            rows: Rows of the pooled table.

        Raises:
            InputError: A file cannot be read any more.
        """
        found: dict[int, Molecule] = {}
        wanted, start = set(rows), 0
        for file, report in zip(self.files, self.by_file[0], strict=True):
            here = {row for row in wanted if start <= row < start + len(report.table)}
            if here:
                for index, molecule in enumerate(iter_rows(file, _told_before), start=start):
                    if index in here:
                        found[index] = molecule
                    if index >= max(here):
                        break
            start += len(report.table)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return all figures as plain values that JSON can hold."""
        content: dict[str, Any] = {"file": str(self.files[0])} if len(self.files) == 1 else {}
        if not content:
            content["files"] = [str(file) for file in self.files]
        content |= {"n": self.count, "protocols": {r.protocol.name: r.to_dict() for r in self.reports}}
        if len(self.files) > 1:
            content["over_files"] = {r.protocol.name: self._spreads(r) for r in self.reports}
        return content

    def _spreads(self, report: Report) -> dict[str, Any]:
        spreads = {metric: self.spread(report.protocol.name, metric) for metric in report.figures}
        return {metric: found.to_dict() for metric, found in spreads.items() if found is not None}


def with_different_names(subjects: Sequence[Subject]) -> list[Subject]:
    """Name subjects by their whole path where two files in different folders have the same name."""
    names = [subject.name for subject in subjects]
    return [s if names.count(s.name) == 1 else replace(s, name=str(s.files[0])) for s in subjects]


def _told_before(damage: DamagedFileError) -> None:
    """A file that ends early was reported when it was judged; its row is read again in silence."""
