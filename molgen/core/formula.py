"""Molecular formulas as text, for whoever counts molecules by them."""

from __future__ import annotations

import re
from collections.abc import Mapping


def hill(counts: Mapping[str, int]) -> str:
    """Write a formula in Hill's order: carbon, hydrogen, then by symbol; all by symbol without carbon."""
    first = [e for e in ("C", "H") if "C" in counts and counts["C"] and counts.get(e)]
    order = [*first, *sorted(e for e, n in counts.items() if n and e not in first)]
    return "".join(f"{e}{counts[e] if counts[e] > 1 else ''}" for e in order)


def formula_counts(text: str) -> dict[str, int]:
    """Read an exact formula as :func:`hill` writes it."""
    return {e: int(n or 1) for e, n in re.findall(r"([A-Z][a-z]?)(\d*)", text)}
