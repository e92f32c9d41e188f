"""Figures that others published, quoted beside measured ones and marked as quoted.

They carry no interval and enter no test: how they scatter is not known, nor whether each detail of their
evaluation was this one. ``references/quoted.yaml`` holds them with where they were read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from molgen.core.errors import ConfigError
from molgen.evaluation.markup import section, table
from molgen.evaluation.subject import Subject

SHIPPED = Path(__file__).parent / "references" / "quoted.yaml"
QUOTED = "quoted"
"""What ``--beside`` calls these figures."""

CONFIDENCES = ("published", "second hand")
MARK = "quoted, not measured here"
NONE_KNOWN = "none known"


@dataclass(frozen=True)
class QuotedFigure:
    """One published number.

    Attributes:
        value: As published, in the group's unit.
        at_least: Whether the publication says "or more".
        digits: As they were published.
    """

    value: float
    at_least: bool
    digits: str

    @classmethod
    def parse(cls, given: float | str) -> QuotedFigure:
        """Read ``89.4`` or ``">= 89.4"``.

        Raises:
            ConfigError: It is neither.
        """
        text = str(given).strip()
        digits = text.removeprefix(">=").strip()
        try:
            return cls(float(digits), text.startswith(">="), digits)
        except ValueError as error:
            raise ConfigError(
                f"the quoted figure {given!r} is no number; give 89.4, or '>= 89.4' for 'or more'"
            ) from error

    def __str__(self) -> str:
        """The number as published."""
        return self.digits + (" or more" if self.at_least else "")


@dataclass(frozen=True)
class QuotedRow:
    """What one publication says of one method.

    Attributes:
        method: Its name.
        publication: Authors and year, or ``None`` where it was not looked up.
        nfe: Network calls for one molecule, or ``None``.
        confidence: ``published`` where the method's own paper says so, else ``second hand``.
        figures: Metric name, or a label of its own where the definitions differ, to the figure.
    """

    method: str
    publication: str | None
    nfe: int | None
    confidence: str
    figures: Mapping[str, QuotedFigure]

    def __post_init__(self) -> None:
        """Check what decides how a row is marked.

        Raises:
            ConfigError: The confidence is none of :data:`CONFIDENCES`.
        """
        if self.confidence not in CONFIDENCES:
            raise ConfigError(
                f"quoted row {self.method!r} has confidence {self.confidence!r}; give one of {CONFIDENCES}"
            )

    @property
    def name(self) -> str:
        """Method and publication."""
        return self.method if self.publication is None else f"{self.method} ({self.publication})"

    @property
    def mark(self) -> str:
        """How a table that also holds measured rows marks this one."""
        return "quoted" if self.confidence == "published" else f"quoted, {self.confidence}"

    def cell(self, label: str) -> str:
        """Return a figure as a table shows it."""
        return str(self.figures[label]) if label in self.figures else "-"


@dataclass(frozen=True)
class QuotedGroup:
    """Rows by one protocol.

    Attributes:
        protocol: Name of a protocol of ours, or what else was measured.
        unit: Of all figures; empty where the remark says the units.
        remark: How the figures must be read.
        rows: One per method and number of network calls.
    """

    protocol: str
    unit: str
    remark: str
    rows: Sequence[QuotedRow]

    @property
    def labels(self) -> list[str]:
        """Names of all figures, in the order in which they first stand."""
        return list(dict.fromkeys(label for row in self.rows for label in row.figures))

    @property
    def title(self) -> str:
        """Protocol, unit and mark."""
        unit = f", in {self.unit}" if self.unit else ""
        return f"published figures, {self.protocol}{unit}: {MARK}"

    @property
    def head(self) -> list[str]:
        """Titles of the columns of :meth:`cells`."""
        return ["method", "NFE", *(label.replace("_", " ") for label in self.labels), "source"]

    def cells(self) -> list[list[str]]:
        """Return one row of texts a method."""
        if not self.rows:
            return [[NONE_KNOWN, "-", "-"]]
        return [
            [
                row.name,
                "-" if row.nfe is None else str(row.nfe),
                *map(row.cell, self.labels),
                row.confidence,
            ]
            for row in self.rows
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        rows = [
            {
                "method": row.method,
                "publication": row.publication,
                "nfe": row.nfe,
                "confidence": row.confidence,
                "figures": {
                    label: {"value": figure.value, "at_least": figure.at_least}
                    for label, figure in row.figures.items()
                },
            }
            for row in self.rows
        ]
        return {"note": MARK, "unit": self.unit, "remark": self.remark, "rows": rows}


@dataclass(frozen=True)
class Quoted:
    """All quoted figures.

    Attributes:
        groups: One a protocol.
    """

    groups: Sequence[QuotedGroup]

    @classmethod
    def load(cls, path: Path = SHIPPED) -> Quoted:
        """Read a file of the form of ``references/quoted.yaml``.

        Raises:
            ConfigError: It is not of that form.
        """
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            return cls(tuple(_group(given) for given in content["groups"]))
        except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{path} holds no quoted figures ({error!r}); a file has groups of protocol, unit, "
                f"remark and rows, each row with {', '.join(f.name for f in fields(QuotedRow))}"
            ) from error

    def groups_of(self, subjects: Sequence[Subject]) -> list[QuotedGroup]:
        """Return the groups of the protocols that subjects were judged by, in order.

        Protocols that nothing is quoted for are left out, unless that is all of them.
        """
        groups = [self.group(report.protocol.name) for report in subjects[0].reports]
        return [group for group in groups if group.rows] or groups

    def group(self, protocol: str) -> QuotedGroup:
        """Return what is quoted by a protocol; a group without rows where nothing is."""
        found = (group for group in self.groups if group.protocol == protocol)
        return next(found, QuotedGroup(protocol, "", "none are known", ()))


def quoted_section(groups: Sequence[QuotedGroup]) -> str:
    """Return a page's section of published figures."""
    tables = "".join(table(f"{g.title}. {g.remark}.", g.head, g.cells()) for g in groups)
    note = "Quoted as others state them: no interval and no test goes with them."
    return section("Published figures", tables, note)


def _group(given: Mapping[str, Any]) -> QuotedGroup:
    rows = [
        QuotedRow(**{**row, "figures": {k: QuotedFigure.parse(v) for k, v in row["figures"].items()}})
        for row in given["rows"]
    ]
    return QuotedGroup(**{**given, "rows": tuple(rows)})
