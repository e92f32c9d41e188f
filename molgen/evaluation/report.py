"""What an evaluation says: figures with denominators and intervals, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.table import Table as RichTable

from molgen.evaluation.metrics.base import CONFIDENCE, Share
from molgen.evaluation.protocols import Protocol
from molgen.evaluation.table import Table


@dataclass(frozen=True, eq=False)
class Report:
    """Result of one protocol over ``n`` requested molecules.

    Attributes:
        protocol: How the molecules were judged.
        table: One row per requested molecule.
        shares: Metric name to its share, in the protocol's order.
        reference: Name of the set novelty was measured against, or ``None``.
        seconds: Wall time of the evaluation, reading of files not included.
    """

    protocol: Protocol
    table: Table
    shares: Mapping[str, Share]
    reference: str | None
    seconds: float

    @property
    def metrics(self) -> dict[str, float]:
        """Metric name to its value in [0, 1]; those without a value are left out."""
        return {name: share.value for name, share in self.shares.items() if share.value is not None}

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
            },
            "n": len(self.table),
            "bonds": self.bond_sources,
            "reference": self.reference,
            "seconds": round(self.seconds, 3),
            "interval": {"confidence": CONFIDENCE, "method": "Wilson score"},
            "metrics": {name: _share_dict(share) for name, share in self.shares.items()},
        }

    def render(self) -> RichTable:
        """Return a table for a terminal of 80 columns, shares in per cent."""
        rich = RichTable(
            title=f"protocol {self.protocol.name} (version {self.protocol.version}), n = {len(self.table)}",
            caption=f"{_bonds_caption(self.bond_sources)}; "
            f"reference for novelty: {self.reference or 'none'}; {self.seconds:.1f} s",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
            show_edge=False,
        )
        rich.add_column("metric", no_wrap=True)
        rich.add_column("%", justify="right", no_wrap=True)
        rich.add_column(f"{CONFIDENCE:.0%} interval", justify="right", no_wrap=True)
        rich.add_column("count")
        for name, share in self.shares.items():
            rich.add_row(name.replace("_", " "), *_cells(share))
        return rich


def _bonds_caption(sources: Mapping[str, int]) -> str:
    words = {"own": "of the molecules", "edm": "by the edm rule", "none": "not known"}
    return "bonds: " + ", ".join(f"{count} {words[rule]}" for rule, count in sources.items())


def _cells(share: Share) -> tuple[str, str, str]:
    if share.value is None or share.interval is None:
        return "-", "-", share.note or ""
    low, high = (f"{100 * bound:.2f}" for bound in share.interval)
    count = f"{share.numerator}/{share.denominator} {share.over}" + (f"; {share.note}" if share.note else "")
    return f"{100 * share.value:.2f}", f"{low} - {high}", count


def _share_dict(share: Share) -> dict[str, Any]:
    return {
        "value": share.value,
        "numerator": None if share.value is None else share.numerator,
        "denominator": share.denominator,
        "over": share.over,
        "interval": None if share.interval is None else list(share.interval),
        "note": share.note,
    }
