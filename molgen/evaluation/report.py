"""What an evaluation says: figures with denominators and intervals, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.table import Table as RichTable

from molgen.evaluation.beside import Beside
from molgen.evaluation.metrics.base import CONFIDENCE, Share
from molgen.evaluation.metrics.figure import Figure
from molgen.evaluation.metrics.profile import Profile
from molgen.evaluation.protocols import Protocol
from molgen.evaluation.table import Table


@dataclass(frozen=True, eq=False)
class Report:
    """Result of one protocol over ``n`` requested molecules.

    Attributes:
        protocol: How the molecules were judged.
        table: One row per requested molecule.
        figures: Metric name to its figure, in the protocol's order.
        reference: Name of the set novelty and distances were measured against, or ``None``.
        seconds: Wall time of the evaluation, reading of files not included.
    """

    protocol: Protocol
    table: Table
    figures: Mapping[str, Figure]
    reference: str | None
    seconds: float

    @property
    def shares(self) -> dict[str, Share]:
        """Those of the figures that are shares."""
        return {name: figure for name, figure in self.figures.items() if isinstance(figure, Share)}

    @property
    def metrics(self) -> dict[str, float]:
        """Metric name to its value; profiles and those without a value are left out."""
        numbers = {name: f.value for name, f in self.figures.items() if not isinstance(f, Profile)}
        return {name: value for name, value in numbers.items() if value is not None}

    @property
    def bond_sources(self) -> dict[str, int]:
        """How many molecules were judged by bonds of which rule: ``own``, ``edm``, or ``none``."""
        return dict(Counter("none" if rule is None else rule for rule in self.table["bonds"].tolist()))

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the table as plain values that JSON can hold."""
        return {
            "protocol": {
                "name": self.protocol.name,
                "version": self.protocol.version,
                "citation": self.protocol.citation,
                "limits": dict(self.protocol.limits),
            },
            "n": len(self.table),
            "bonds": self.bond_sources,
            "reference": self.reference,
            "seconds": round(self.seconds, 3),
            "interval": {
                "confidence": CONFIDENCE,
                "method": "Wilson score (shares), bootstrap (others)",
            },
            "metrics": {name: figure.to_dict() for name, figure in self.figures.items()},
        }

    def render(self, beside: Beside | None = None, over_files: Mapping[str, str] | None = None) -> RichTable:
        """Return a table for a terminal of 80 columns.

        Args:
            beside: Figures of a known set, for a column of their own.
            over_files: Metric name to how it scatters over several files, for a column of its own.
        """
        rich = RichTable(
            title=f"protocol {self.protocol.name} (version {self.protocol.version}), n = {len(self.table)}",
            caption=self.caption,
            box=box.SIMPLE_HEAD,
            pad_edge=False,
            show_edge=False,
        )
        rich.add_column("metric")
        rich.add_column("value", justify="right", no_wrap=True)
        rich.add_column(f"{CONFIDENCE:.0%} interval", justify="right", no_wrap=True)
        if over_files is not None:
            rich.add_column("mean and sd of files", justify="right")
        if beside is not None:
            rich.add_column(beside.title, justify="right")
        rich.add_column("count")
        for name, figure in self.figures.items():
            value, interval, count = figure.cells()
            known = "-" if beside is None else beside.cell(self.protocol, name)
            if isinstance(figure, Profile):
                value, known = value.replace(", ", "\n"), known.replace(", ", "\n")
            extra = [] if over_files is None else [over_files.get(name, "-")]
            extra += [] if beside is None else [known]
            rich.add_row(name.replace("_", " "), value, interval, *extra, count)
        return rich

    @property
    def caption(self) -> str:
        """Where bonds came from, which reference, how long it took and which checks asked only some."""
        limits = "".join(
            f"; {check.replace('_', ' ')} of at most {limit} drawn molecules"
            for check, limit in self.protocol.limits.items()
        )
        bonds = _bonds_caption(self.bond_sources)
        return f"{bonds}; reference: {self.reference or 'none'}; {self.seconds:.1f} s{limits}"


def _bonds_caption(sources: Mapping[str, int]) -> str:
    words = {"own": "of the molecules", "edm": "by the edm rule", "none": "not known"}
    return "bonds: " + ", ".join(f"{count} {words[rule]}" for rule, count in sources.items())
