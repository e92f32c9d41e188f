"""The edm tables are those of the publication and fit the vectorised rule built on them."""

from __future__ import annotations

import numpy as np
import pytest

from molgen.chem.tables import (
    ATOMIC_NUMBER,
    EDM_LENGTHS_PM,
    edm_squared_thresholds,
    edm_valence_array,
    symbol,
)
from molgen.core.vocab import ATOMIC_NUMBERS


@pytest.mark.parametrize(
    ("order", "pair", "limit_pm"),
    [
        (1, "HH", 84),
        (1, "CH", 119),
        (1, "FN", 146),
        (1, "OO", 158),
        (2, "CC", 139),
        (2, "OC", 125),
        (3, "NC", 119),
    ],
)
def test_limits_are_typical_length_plus_margin(order: int, pair: str, limit_pm: float) -> None:
    first, second = (ATOMIC_NUMBER[e] for e in pair)
    limits = np.sqrt(edm_squared_thresholds())[order - 1]
    assert limits[first, second] == pytest.approx(limit_pm / 100)
    assert limits[second, first] == limits[first, second]


def test_limits_fall_with_the_order_so_that_counting_them_gives_the_highest_order() -> None:
    limits = edm_squared_thresholds()
    assert (limits[:-1] >= limits[1:]).all()
    assert (
        [np.count_nonzero(np.triu(level)) for level in limits]
        == [len(t) for t in EDM_LENGTHS_PM]
        == [15, 6, 4]
    )


def test_valences() -> None:
    valences = edm_valence_array()
    assert {symbol(z): int(valences[z]) for z in np.flatnonzero(valences >= 0).tolist()} == {
        "H": 1, "C": 4, "N": 3, "O": 2, "F": 1,
    }  # fmt: skip


def test_symbols_agree_with_the_vocabulary() -> None:
    assert {s: ATOMIC_NUMBER[s] for s in ATOMIC_NUMBERS} == ATOMIC_NUMBERS
    assert [symbol(z) for z in (0, -3, 119)] == ["?", "?", "?"]
