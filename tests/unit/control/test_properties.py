"""Properties: read from words, drawn inside windows as often as training has them, and checked."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from molgen.control import Setting, Target, Targets
from molgen.control.distance import CLOSE, FAR, NEAR, Scale
from molgen.core.errors import InputError
from molgen.data.statistics import PropertyHistogram

DRAWS = 20_000


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("gap=0.25", Target("gap", 0.25, 0.25)),
        (" homo=-0.25 ", Target("homo", -0.25, -0.25)),
        ("alpha=70-80", Target("alpha", 70, 80)),
        ("alpha=70:80", Target("alpha", 70, 80)),
        ("homo=-0.25:-0.22", Target("homo", -0.25, -0.22)),
        ("homo=-0.25--0.22", Target("homo", -0.25, -0.22)),
        ("homo=-0.25-0.1", Target("homo", -0.25, 0.1)),
        ("lumo=-.5:+.5", Target("lumo", -0.5, 0.5)),
        ("gap=1e-3-2e-3", Target("gap", 0.001, 0.002)),
        ("gap=1.-2.", Target("gap", 1, 2)),
    ],
)
def test_values_and_windows_are_read(text: str, target: Target) -> None:
    assert Target.parse(text) == target


@pytest.mark.parametrize(
    "text", ["gap", "gap=", "=1", "gap=abc", "gap=1-", "gap=1-2-3", "gap=nan", "gap=inf", ""]
)
def test_what_cannot_be_read_is_said(text: str) -> None:
    with pytest.raises(InputError, match="cannot be read; give a value such as gap"):
        Target.parse(text)


@pytest.mark.parametrize(
    ("texts", "guidance", "reason"),
    [
        (["gap=2-1"], 1.0, "'gap=2-1': the window ends before it begins"),
        (["homo=-0.2:-0.3"], 1.0, "the window ends before it begins"),
        (["gap=1e999"], 1.0, "the number is too large"),
        (["gap=1", "mu=2", "gap=3-4"], 1.0, "gives gap twice; give each property once"),
        (["gap=1"], -0.5, "--guidance must be 0 or more and finite, got -0.5"),
        (["gap=1"], float("nan"), "--guidance must be 0 or more and finite, got nan"),
        (["gap=1"], float("inf"), "--guidance must be 0 or more and finite, got inf"),
    ],
)
def test_what_contradicts_itself_is_refused(texts: list[str], guidance: float, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        Targets.parse(texts, guidance)


def drawn(text: str, setting: Setting, generator: torch.Generator) -> torch.Tensor:
    (labels,) = Targets.parse([text]).draw(DRAWS, setting, generator).values()
    assert labels.shape == (DRAWS,) and labels.dtype == torch.float32
    return labels


def test_a_value_is_asked_of_every_molecule(setting: Setting, generator: torch.Generator) -> None:
    labels = Targets.parse(["gap=0.25", "tpsa=0.1-0.2"]).draw(5, setting, generator)
    assert list(labels) == ["gap", "tpsa"]
    assert torch.equal(labels["gap"], torch.full((5,), 0.25))


@pytest.mark.parametrize(
    ("low", "high", "weights"),
    [
        (0.0, 0.4, [40, 20, 20, 40]),
        (0.1, 0.3, [0, 20, 20, 0]),
        (0.05, 0.15, [20, 10, 0, 0]),
        (0.3, 9.0, [0, 0, 0, 40]),
        (0.22, 0.28, [0, 0, 12, 0]),
    ],
)
def test_windows_keep_the_proportions_of_training(
    low: float, high: float, weights: list[int], setting: Setting, generator: torch.Generator
) -> None:
    """A bin that is cut counts by the share that is left; five standard errors."""
    labels = drawn(f"gap={low}:{high}", setting, generator).double()
    assert low - 1e-6 <= labels.min() and labels.max() <= min(high, 0.4) + 1e-6
    column = setting.statistics.properties["gap"].column(labels.clamp(max=0.4 - 1e-6))
    for bin_of, weight in enumerate(weights):
        share = weight / sum(weights)
        found = (column == bin_of).double().mean().item()
        # A bin that is left out entirely may be met by rounding at its edge.
        assert abs(found - share) <= 5 * (share * (1 - share) / DRAWS) ** 0.5 + 1e-3, (bin_of, found, share)


def test_draws_are_uniform_inside_a_bin(setting: Setting, generator: torch.Generator) -> None:
    labels = drawn("gap=0.2:0.3", setting, generator)
    assert abs(labels.mean().item() - 0.25) <= 5 * 0.1 / 12**0.5 / DRAWS**0.5
    assert labels.min() < 0.201 and labels.max() > 0.299


def with_properties(setting: Setting, properties: dict[str, PropertyHistogram]) -> Setting:
    return replace(setting, statistics=replace(setting.statistics, properties=properties))


def test_counts_are_drawn_whole(setting: Setting, generator: torch.Generator) -> None:
    """Bins of width 0.8 hold 10, 20, 30, 40 molecules; 1 stands for 0.5 to 1.5, 2 for 1.5 to 2.5."""
    labels = drawn("rings=1-2", setting, generator)
    assert set(labels.tolist()) == {1.0, 2.0}
    ones = 10 * 0.3 / 0.8 + 20 * 0.7 / 0.8
    twos = 20 * 0.1 / 0.8 + 30 + 40 * 0.1 / 0.8
    share = ones / (ones + twos)
    assert abs((labels == 1).double().mean().item() - share) <= 5 * (share * (1 - share) / DRAWS) ** 0.5


def test_the_same_seed_gives_the_same_labels(setting: Setting) -> None:
    first, again, other = [drawn("gap=0.1-0.3", setting, torch.Generator().manual_seed(s)) for s in (1, 1, 2)]
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_values_outside_the_training_range_warn_with_the_range(setting: Setting) -> None:
    assert Targets.parse(["gap=0.4", "tpsa=0.0"]).check(setting) == []
    assert Targets.parse(["gap=0.5"]).check(setting) == [
        "gap=0.5 lies outside the training range 0 to 0.4 hartree; the model has seen no such molecule"
    ]
    assert len(Targets.parse(["gap=-0.1", "tpsa=7"]).check(setting)) == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("gap=0.5-0.6", "no training molecule lies in 0.5 to 0.6; they reach from 0 to 0.4 hartree"),
        ("mu=1", "the checkpoint 'handmade' knows no mu; it knows gap, rings, tpsa"),
        ("rings=1.2-1.8", "no whole number lies in 1.2 to 1.8; give one such as rings=2"),
        ("rings=1.5", "no whole number lies in 1.5 to 1.5"),
    ],
)
def test_what_cannot_be_asked_is_refused_first(text: str, reason: str, setting: Setting) -> None:
    with pytest.raises(InputError, match=reason):
        Targets.parse([text]).check(setting)


def test_a_model_without_properties_says_so(setting: Setting) -> None:
    with pytest.raises(InputError, match="knows no gap; it knows none"):
        Targets.parse(["gap=1"]).check(with_properties(setting, {}))


PHENOL = {"tpsa": 20.23, "rings": 1.0, "gap": 0.25}


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["tpsa=20-21", "rings=1", "gap=0.2-0.3"], None),
        (["tpsa=90", "gap=0.1", "mu=1"], None),
        (["tpsa=30-40"], "its tpsa is 20.23"),
        (["rings=2"], "its rings is 1"),
        (["rings=2-4"], "its rings is 1"),
        (["tpsa=20-21", "gap=0.1-0.2"], "its gap is 0.25, as predicted"),
        (["mu=1-2"], "its mu could not be predicted"),
        (["zpve=1-2"], None),
    ],
)
def test_what_lies_outside_its_window_is_noticed(texts: list[str], reason: str | None) -> None:
    """A value is an aim; mu was not read, and zpve cannot be."""
    assert Targets.parse(texts).objection(PHENOL, {*PHENOL, "mu"}) == reason


SCALES = {"gap": Scale(0.1, 0.01), "rings": Scale(0.5, 0.1), "mu": Scale(1.0, 0.1)}


@pytest.mark.parametrize(
    ("texts", "bounds", "aims"),
    [
        (["gap=0.2-0.3"], 0, 0),
        (["gap=0.15:0.2"], 0.5, 0),
        (["gap=0.3-0.4"], 0.5, 0),
        (["gap=0.35"], 0, 0.9),
        (["gap=0.15"], 0, 0.9),
        (["gap=0.259"], 0, 0),
        (["rings=3"], 4, 0),
        (["rings=2-3"], 2, 0),
        (["mu=1"], 0, math.inf),
        (["mu=1-2"], math.inf, 0),
        (["zpve=1"], 0, 0),
        (["gap=0.35", "rings=2", "zpve=1"], 2, 0.9),
    ],
)
def test_distance_is_in_spreads_to_windows_and_to_what_is_near_a_value(
    texts: list[str], bounds: float, aims: float
) -> None:
    """What was not read is far away; what cannot be read counts as met."""
    found = Targets.parse(texts).distance(PHENOL, SCALES)
    assert found == pytest.approx((bounds, aims))


def test_what_was_asked_without_doubt_comes_first() -> None:
    """Whoever asks for two rings and a gap is not given three rings for a better gap."""
    targets = Targets.parse(["gap=0.25", "rings=1-2"])
    three, two = (
        targets.distance({"gap": gap, "rings": rings}, SCALES) for gap, rings in ((0.25, 3), (0.6, 2))
    )
    assert NEAR < two < three < FAR


def test_nearness_is_no_finer_than_the_reading(histogram: PropertyHistogram) -> None:
    assert Scale.of(histogram) == (histogram.spread, CLOSE * histogram.spread)
    assert Scale.of(histogram, error=0.03) == (histogram.spread, 0.03)
