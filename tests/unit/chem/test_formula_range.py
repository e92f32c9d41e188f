"""Formulas: Hill's order, ranges, and what cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molgen.chem.formula import FormulaRange
from molgen.core.errors import InputError
from molgen.core.formula import formula_counts, hill

COUNTS = st.dictionaries(st.sampled_from(["H", "C", "N", "O", "F", "Cl"]), st.integers(1, 30), min_size=1)


@given(counts=COUNTS)
def test_what_is_written_is_read_again(counts: dict[str, int]) -> None:
    text = hill(counts)
    assert formula_counts(text) == counts
    read = FormulaRange.parse(text)
    assert read.holds(counts) and (read.exact == counts) == ("H" in counts)


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ({"O": 1, "H": 10, "N": 2, "C": 7}, "C7H10N2O"),
        ({"H": 2, "O": 1}, "H2O"),
        ({"H": 3, "N": 1, "C": 0}, "H3N"),
        ({"Cl": 1, "C": 1, "H": 3}, "CH3Cl"),
    ],
)
def test_hill_order(counts: dict[str, int], text: str) -> None:
    assert hill(counts) == text


def test_ranges_leave_hydrogen_free_and_forbid_what_is_not_named() -> None:
    asked = FormulaRange.parse("C5-7 N1 O0-2")
    assert asked.exact is None
    assert asked.holds({"C": 6, "N": 1, "H": 9}) and asked.holds({"C": 5, "N": 1, "O": 2, "H": 3})
    assert not asked.holds({"C": 8, "N": 1, "H": 9}) and not asked.holds({"C": 6, "N": 1, "F": 1})
    assert not asked.holds({"C": 6, "H": 9})
    assert FormulaRange.parse("C6H6-8").exact is None
    assert FormulaRange.parse("C6 H6").exact == {"C": 6, "H": 6}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds no atom"),
        ("C0", "holds no atom"),
        ("c6h6", "cannot be read at 'c6h6'"),
        ("C6Xx2", "Xx is no element"),
        ("C6C2", "C is given twice"),
        ("C7-5", "ends before it begins"),
        ("C1 0 H8", "cannot be read at '0 H8'"),
        ("C 10", "cannot be read at '10'"),
        ("C5-", "cannot be read at '-'"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        FormulaRange.parse(text)
