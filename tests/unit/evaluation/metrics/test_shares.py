"""Wilson intervals against SciPy, and shares without a denominator."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from molgen.evaluation.metrics import share, wilson_interval


@given(
    st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999)
)
def test_interval_is_scipys(counts: tuple[int, int], confidence: float) -> None:
    hits, total = counts
    expected = binomtest(hits, total).proportion_ci(confidence, method="wilson")
    low, high = wilson_interval(hits / total, total, confidence)
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    intervals = [wilson_interval(hits / 400, 400) for hits in rng.binomial(400, 0.95, 4000)]
    covered = np.mean([low <= 0.95 <= high for low, high in intervals])
    assert covered == pytest.approx(0.95, abs=0.015)


def test_share() -> None:
    result = share(3, 4, "requested molecules")
    assert result.value == 0.75
    assert result.interval == wilson_interval(0.75, 4)
    narrower = share(3, 4, "requested molecules", effective=40)
    assert narrower.interval == wilson_interval(0.75, 40)


def test_nothing_over_nothing_has_no_value() -> None:
    empty = share(0, 0, "valid molecules")
    assert (empty.value, empty.interval, empty.note) == (None, None, "there are no valid molecules")
