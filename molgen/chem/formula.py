"""Molecular formulas: exact ones and ranges, as ``C7H10N2O`` or ``C5-7 N1 O0-2``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from molgen.chem.tables import ATOMIC_NUMBER
from molgen.core.errors import InputError

_TOKEN = re.compile(r"([A-Z][a-z]?)(?:(\d+)-(\d+)|(\d+))?")
_ACCEPTED = "give a formula such as C7H10N2O, or ranges such as 'C5-7 N1 O0-2'"


@dataclass(frozen=True)
class FormulaRange:
    """A set of formulas.

    Attributes:
        bounds: Element to least and largest number; elements that are not named are absent, but hydrogen,
            which is free unless it is named.
        text: As it was given.
    """

    bounds: Mapping[str, tuple[int, int]]
    text: str

    @classmethod
    def parse(cls, text: str) -> FormulaRange:
        """Read a formula, with or without ranges, and blanks between elements.

        Raises:
            InputError: It cannot be read, names an element twice or one that does not exist, or has a range
                that ends before it begins.
        """
        bounds: dict[str, tuple[int, int]] = {}
        rest = text.lstrip()
        while rest:
            match = _TOKEN.match(rest)
            if match is None:
                raise InputError(f"--formula {text!r} cannot be read at {rest!r}; {_ACCEPTED}")
            element, low, high, exact = match.groups()
            if element not in ATOMIC_NUMBER or element in bounds:
                reason = "is given twice" if element in bounds else "is no element"
                raise InputError(f"--formula {text!r}: {element} {reason}; {_ACCEPTED}")
            least = int(low or exact or 1)
            bounds[element] = (least, int(high) if high else least)
            if bounds[element][1] < least:
                raise InputError(f"--formula {text!r}: {element}{low}-{high} ends before it begins")
            rest = rest[match.end() :].lstrip()
        if not any(most for _, most in bounds.values()):
            raise InputError(f"--formula {text!r} holds no atom; {_ACCEPTED}")
        return cls(bounds, text)

    @property
    def exact(self) -> dict[str, int] | None:
        """The one formula that is meant, if hydrogen is named and no number is a range."""
        if "H" not in self.bounds or any(low != high for low, high in self.bounds.values()):
            return None
        return {element: low for element, (low, _) in self.bounds.items() if low}

    def holds(self, counts: Mapping[str, int]) -> bool:
        """Whether a formula is in the set."""
        if any(n and e not in self.bounds and e != "H" for e, n in counts.items()):
            return False
        return all(low <= counts.get(e, 0) <= high for e, (low, high) in self.bounds.items())
