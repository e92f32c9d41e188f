"""A profile: how often each kind of thing occurs, such as rings of each size, beside the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SHOWN = 4
"""Kinds that a printed table has room for."""


@dataclass(frozen=True)
class Profile:
    """Occurrences by kind.

    Attributes:
        values: Kind to how many there are per molecule of ``over``.
        count: Number of molecules that were looked at.
        over: What those are, in words.
        reference: The same of the reference, or ``None`` without one.
        note: Why there is no value, or how it must be read; ``None`` where nothing needs saying.
    """

    values: Mapping[str, float]
    count: int
    over: str
    reference: Mapping[str, float] | None = None
    note: str | None = None

    def cells(self) -> tuple[str, str, str]:
        """Return the commonest kinds, nothing, and the count, for a printed table."""
        if not self.values:
            return "-", "-", self.note or ""
        common = sorted(self.values.items(), key=lambda item: -item[1])[:SHOWN]
        count = f"per molecule of {self.count} {self.over}" + (f"; {self.note}" if self.note else "")
        return ", ".join(f"{kind} {value:.2f}" for kind, value in common), "-", count

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {
            "values": dict(self.values),
            "count": self.count,
            "over": self.over,
            "reference": None if self.reference is None else dict(self.reference),
            "note": self.note,
        }
