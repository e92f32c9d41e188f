"""The learning curve: a power law through failures, where it meets a goal and what that costs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from molgen.core.errors import InputError
from molgen.evaluation.results_curve import CurveFit, CurvePoint, PowerLaw, fit_curve
from molgen.evaluation.results_curve_text import curve_text, longest_timed, molecules_text, reach_text
from molgen.evaluation.results_goals import load_goals


def test_power_law_is_recovered() -> None:
    seen = [10**6, 2 * 10**6, 8 * 10**6, 16 * 10**6]
    law = PowerLaw.fit(seen, [50 * m**-0.5 for m in seen])
    assert law.slope == pytest.approx(0.5)
    assert law.failure(4e6) == pytest.approx(0.025)
    reach = law.reach(0.005)
    assert reach is not None
    assert [reach.molecules, reach.low, reach.high] == pytest.approx([1e8] * 3, rel=1e-3)


def test_interval_of_the_reach_covers_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    seen = np.geomspace(1e6, 2e7, 6)
    truth = 1e8
    covered = 0
    for _ in range(400):
        noisy = 50 * seen**-0.5 * np.exp(0.1 * generator.standard_normal(6))
        reach = PowerLaw.fit(seen.astype(int).tolist(), noisy.tolist()).reach(50 * truth**-0.5)
        assert reach is not None
        covered += reach.low <= truth <= reach.high
    assert 0.92 <= covered / 400 <= 0.98


def test_a_flat_or_rising_curve_promises_nothing() -> None:
    seen = [10**6, 2 * 10**6, 4 * 10**6]
    assert PowerLaw.fit(seen, [0.1, 0.11, 0.13]).reach(0.01) is None
    barely = PowerLaw.fit(seen, [0.1, 0.05, 0.09]).reach(0.01)
    assert barely is not None and barely.high == math.inf
    assert barely.low <= barely.molecules
    assert molecules_text(barely.high) == "no upper bound"
    assert molecules_text(3.14e7) == "31 M" and molecules_text(3.14e6) == "3.1 M"


def test_curves_that_cannot_be_fitted() -> None:
    goals = load_goals()
    points = [
        CurvePoint(m, 100, {"bonded/valid_and_connected": v}) for m, v in [(1, 0.5), (2, 0.6), (2, 0.7)]
    ]
    with pytest.raises(InputError, match=r"after \[1, 2\] molecules; a power law needs"):
        fit_curve(points, goals)
    more = [CurvePoint(m, 50, {"edm/molecule_stability": 0.5 + m / 10}) for m in (1, 2, 3)]
    lone = CurvePoint(3, 100, {"edm/molecule_stability": 0.9})
    assert [fit.nfe for fit in fit_curve([*more, lone], goals)] == [50], "one point makes no curve"
    with pytest.raises(InputError, match="without any failure"):
        fit_curve([*points, CurvePoint(3, 100, {"bonded/valid_and_connected": 1.0})], goals)
    with pytest.raises(InputError, match="no goal is set"):
        fit_curve([CurvePoint(1, 700, {"bonded/valid_and_connected": 0.5})], goals)


def halving(hours: list[float | None]) -> list[CurvePoint]:
    """Points whose failures fall as the root of the molecules seen, with core hours."""
    return [
        CurvePoint(m, 100, {"bonded/valid_and_connected": 1 - 50 * m**-0.5}, h, True, "3 x 100")
        for m, h in zip([10**6, 2 * 10**6, 4 * 10**6], hours, strict=True)
    ]


def test_the_cost_of_a_goal_follows_from_the_longest_training() -> None:
    points = halving([1234.5, None, 8000.0])
    text = curve_text(points, fit_curve(points, load_goals()))
    assert "| 1,000,000 | 1,234 | 3 x 100 | 100 | yes |" in text
    assert "| 2,000,000 | - | 3 x 100 | 100 | yes |" in text
    assert "the line would reach 99.5 % after about 100 M molecules [" in text, text
    assert "M], about 200,000 core hours; failures" in text, "8,000 hours for 4 M are 200,000 for 100 M"
    assert "until 4,000,000 molecules, 8,000 core hours." in text


def test_without_hours_nothing_is_said_of_them() -> None:
    points = halving([None, None, None])
    assert "core hours" not in curve_text(points, fit_curve(points, load_goals()))
    assert longest_timed([CurvePoint(0, 100, {}, 2.0)]) is None, "no rate follows from a training of nothing"


def test_a_goal_that_is_too_far_has_no_cost() -> None:
    seen = [10**6, 2 * 10**6, 4 * 10**6]
    law = PowerLaw.fit(seen, [0.5 * m**-0.05 for m in seen])
    text = reach_text(CurveFit("edm/molecule_stability", 20, True, law, [95]), 95, CurvePoint(1, 20, {}, 1.0))
    assert (
        text.startswith("the line would reach 95 % after more than 1,000,000 M molecules [")
        and "hours" not in text
    )


def test_goals_with_repair_are_looked_for_on_repaired_points_alone() -> None:
    """What is reached with repair would else be extrapolated from where there is none."""
    shares = {"bonded/valid_and_connected": 0.5, "bonded/molecule_stability": 0.5}
    points = [
        CurvePoint(m, 100, {name: share + m / 10 for name, share in shares.items()}, repaired=repaired)
        for m in (1, 2, 3)
        for repaired in (True, False)
    ]
    fits = fit_curve(points, load_goals())
    found = {(fit.figure, fit.repaired): list(fit.goals) for fit in fits}
    assert found == {
        ("bonded/molecule_stability", True): [99.7],
        ("bonded/valid_and_connected", True): [99.5],
        ("bonded/valid_and_connected", False): [98.0],
    }
    assert [fit.title.endswith("100 NFE, without repair") for fit in fits] == [False, False, True]


def test_what_was_measured_is_said_beside_the_line() -> None:
    """A point may lie beyond the line; one that has what is wanted is not to be told as far away."""
    law = PowerLaw.fit([10**6, 2 * 10**6, 4 * 10**6], [0.1, 0.2, 0.05])
    text = reach_text(CurveFit("edm/molecule_stability", 100, False, law, [95]), 95)
    assert text.startswith("the line would reach 95 %") and "; measured first after 4 M; failures" in text
    assert "measured" not in reach_text(CurveFit("edm/molecule_stability", 100, False, law, [96]), 96)
