"""Asked properties against what is found: figures that can be checked by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from molgen.chem import Molecule
from molgen.chem.asked import asked_fields
from molgen.core.errors import InputError
from molgen.evaluation.asked_properties import MEV_PER_HARTREE, PropertyJudge, judge_asked, shuffled_error

UNREADABLE = Molecule(np.zeros(0), np.zeros((0, 3)), defect="unreadable")


def judge_of(values: Mapping[str, Sequence[float]]) -> PropertyJudge:
    """A judge that finds the given values in order, and has known errors."""

    def predict(molecules: Sequence[Molecule]) -> dict[str, NDArray[np.float64]]:
        return {name: np.array(each[: len(molecules)]) for name, each in values.items()}

    units = {"gap": "hartree", "alpha": "bohr^3"}
    return PropertyJudge(predict, units, {"gap": 0.001, "alpha": 0.2}, "10 molecules")


@pytest.fixture
def asked(ethanol: Molecule) -> Callable[..., Molecule]:
    """Function that gives ethanol with something asked of it."""
    return lambda **values: replace(ethanol, record=asked_fields(values))


def test_the_error_is_the_mean_over_those_that_could_be_judged(asked: Callable[..., Molecule]) -> None:
    failed = replace(UNREADABLE, record={"asked_gap": 0.3})
    rows = [asked(gap=0.20), asked(gap=0.30, alpha=70), asked(alpha=80), failed]
    judge = judge_of({"gap": [0.21, 0.27, 9.0, np.nan], "alpha": [9.0, 71.0, 78.0, np.nan]})
    report = judge_asked(rows, judge)
    gap, alpha = report.figures
    assert (gap.name, alpha.name, report.total) == ("gap", "alpha", 4)
    assert gap.error.value == pytest.approx((0.01 + 0.03) / 2)
    assert (gap.error.count, gap.error.total) == (2, 3)
    assert (gap.valid.numerator, gap.valid.denominator) == (2, 3)
    assert gap.judge == 0.001
    assert alpha.error.value == pytest.approx((1 + 2) / 2)
    assert alpha.error.interval == (pytest.approx(1.0), pytest.approx(2.0))
    assert alpha.valid.numerator == alpha.valid.denominator == 2


def test_shuffling_is_over_permutations() -> None:
    """Of two, half the permutations leave every value in place: (0 + 4) / 2 on average."""
    asked = np.array([1.0, 5.0])
    assert shuffled_error(asked, asked) == pytest.approx(2.0, abs=0.5)
    assert shuffled_error(np.array([3.0, 3.0]), np.array([4.0, 1.0])) == pytest.approx(1.5)
    assert shuffled_error(asked, asked) == shuffled_error(asked, asked)


def test_descriptors_are_computed(asked: Callable[..., Molecule]) -> None:
    """Ethanol has a TPSA of 20.23 and no ring; an unreadable molecule has neither."""
    rows = [asked(tpsa=20.0, rings=1), replace(UNREADABLE, record={"asked_rings": 0})]
    tpsa, rings = judge_asked(rows, judge_of({})).figures
    assert tpsa.error.value == pytest.approx(0.23)
    assert (tpsa.error.unit, tpsa.judge) == ("angstrom^2", None)
    assert (rings.error.value, rings.error.count, rings.error.total, rings.error.unit) == (1.0, 1, 2, "")


def test_energies_are_shown_in_mev_beside_hartree(asked: Callable[..., Molecule]) -> None:
    report = judge_asked([asked(gap=0.2), asked(gap=0.2)], judge_of({"gap": [0.21, 0.21]}))
    content = json.loads(json.dumps(report.to_dict()))["properties"]["gap"]
    assert content["mean_absolute_error"]["value"] == pytest.approx(0.01)
    assert content["meV"]["value"] == pytest.approx(0.01 * MEV_PER_HARTREE)
    assert content["meV"]["judge"] == pytest.approx(27.2114, abs=1e-3)
    console = Console(width=140, record=True)
    console.print(report.render())
    text = console.export_text()
    assert "272.1 meV" in text and "0.01 hartree" in text and "2/2 asked" in text


def test_a_property_that_nobody_knows_has_no_value(asked: Callable[..., Molecule]) -> None:
    (figure,) = judge_asked([asked(r2=1000.0)], judge_of({"gap": [0.2]})).figures
    assert figure.error.value is None and figure.shuffled is None
    assert figure.error.note == "the judge knows gap, alpha"
    assert (figure.error.count, figure.error.total) == (0, 1)


def test_more_molecules_than_one_chunk(asked: Callable[..., Molecule]) -> None:
    rows = [asked(gap=0.2)] * 600
    (figure,) = judge_asked(rows, judge_of({"gap": [0.25] * 600})).figures
    assert (figure.error.count, figure.error.value) == (600, pytest.approx(0.05))


@pytest.mark.parametrize("value", ["much", "nan", ""])
def test_an_asked_value_that_is_no_number_is_refused(ethanol: Molecule, value: str) -> None:
    rows = [ethanol, replace(ethanol, record={"asked_gap": value})]
    with pytest.raises(InputError, match="record 2: the data field asked_gap holds"):
        judge_asked(rows, judge_of({}))


def test_a_file_that_asks_for_nothing_is_refused(ethanol: Molecule) -> None:
    with pytest.raises(InputError, match="none of 1 molecules says"):
        judge_asked([ethanol], judge_of({}))
