"""Properties are read off drawn molecules, and those that miss what was asked are drawn again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from molgen.checkpoint.generator import MoleculeGenerator, SamplingOptions, read_options
from molgen.checkpoint.records import DRAWN, REDRAWN
from molgen.chem.conformers import embed
from molgen.chem.encode import encode
from molgen.chem.formula import FormulaRange
from molgen.chem.molecule import Molecule
from molgen.control import DeNovo, Setting, Several, SeveralTargets, Targets
from molgen.control.attempts import Attempts
from molgen.control.distance import FAR, NEAR, Scale
from molgen.control.formula import FormulaRequest
from molgen.control.misfit import Misfit
from molgen.control.options import read_asked
from molgen.control.reading import PropertyReader, read_fields
from molgen.control.wholeness import not_whole
from molgen.core import MolBatch
from molgen.core.errors import InputError
from molgen.data.statistics import PropertyHistogram
from molgen.regression.shipped import PREDICTOR, shipped_property_model
from molgen.trials.held_out import HeldOut

QM9 = Path(__file__).parents[2] / "fixtures" / "qm9_200"
PHENOL, ETHANOL = embed("Oc1ccccc1"), embed("CCO")
BROKEN = Molecule(np.zeros(0, dtype=np.int64), np.zeros((0, 3)), defect="none")


def by_size(molecules: Sequence[Molecule]) -> Mapping[str, NDArray[np.float64]]:
    """In place of a network: a hundredth of the number of atoms, unknown where there is none."""
    sizes = np.array([m.num_atoms or np.nan for m in molecules], dtype=np.float64)
    return {"gap": sizes / 100, "unasked": sizes}


def never(molecules: Sequence[Molecule]) -> Mapping[str, NDArray[np.float64]]:
    raise AssertionError("nobody needs a network")


def test_descriptors_and_predictions_are_read_where_they_are_known() -> None:
    reader = PropertyReader(["tpsa", "gap", "zpve"], by_size, {"gap": 0.01, "mu": 0.1})
    assert reader.errors == {"tpsa": 0.0, "gap": 0.01}
    found = reader([PHENOL, BROKEN])
    assert found == [{"tpsa": pytest.approx(20.23), "gap": 0.13}, {}]
    assert read_fields(found[0]) == {"tpsa": 20.23, "predicted_gap": 0.13}


def test_the_network_is_not_asked_for_what_rdkit_knows() -> None:
    assert PropertyReader(["rings"], never, {"gap": 0.01})([ETHANOL]) == [{"rings": 0.0}]
    assert PropertyReader([])([ETHANOL]) == [{}]
    assert PropertyReader(["gap"], never, {"gap": 0.01})([]) == []


def rows(*molecules: Molecule, setting: Setting) -> list[MolBatch]:
    return [encode([molecule], setting.vocab, list(setting.fields)) for molecule in molecules]


def test_misfits_are_distances_and_infinite_where_a_molecule_is_not_what_was_requested(
    setting: Setting,
) -> None:
    """Ethanol has nine atoms and phenol thirteen; the gap of training molecules spreads by ``spread``."""
    spread = setting.statistics.properties["gap"].spread
    request, targets = read_asked(formula="C2H6O", property="gap=0.19")
    assert isinstance(request, FormulaRequest)
    misfit = Misfit(setting, request, targets, PropertyReader(["gap"], by_size, {"gap": 0.02}))
    found = misfit([0, 1], rows(PHENOL, ETHANOL, setting=setting))
    assert found[0] == FAR and found[1] == pytest.approx((0, (0.1 - 0.02) / spread))
    whole = rows(PHENOL, ETHANOL, setting=setting)
    assert misfit.broken(0, whole[0]) and not misfit.broken(1, whole[1])


def test_every_row_is_held_against_its_own_request(setting: Setting) -> None:
    spread = setting.statistics.properties["gap"].spread
    targets = SeveralTargets.of([Targets.parse([f"gap={gap}"]) for gap in (0.13, 0.33)])
    reader = PropertyReader(["gap"], by_size, {"gap": 0.02})
    misfit = Misfit(setting, Several([DeNovo()] * 2), targets, reader, first=2)
    found = misfit([1, 0], rows(PHENOL, PHENOL, setting=setting))
    assert found[0] == pytest.approx((0, (0.2 - 0.02) / spread)) and found[1] == NEAR


def test_the_spread_is_the_standard_deviation(setting: Setting) -> None:
    """Bins of width 0.1 hold 40, 20, 20, 40 molecules."""
    values = np.repeat([0.05, 0.15, 0.25, 0.35], [40, 20, 20, 40])
    assert setting.statistics.properties["gap"].spread == pytest.approx(values.std())


def test_what_never_differs_has_a_spread_still() -> None:
    """So that asking a model of one-ring molecules for one ring is no division by zero."""
    histogram = PropertyHistogram.of(np.ones(50), np.full(50, 9))
    found = Targets.parse(["rings=1"]).distance({"rings": 1.0}, {"rings": Scale.of(histogram)})
    assert found == NEAR and histogram.spread > 0


def test_more_molecules_have_what_was_asked_when_missed_ones_are_drawn_again(
    model: MoleculeGenerator,
) -> None:
    """Rings are counted by RDKit; the gap is what the predictor says of it."""
    options = read_options(property=["rings=3", "gap=0.2"], steps=7, attempts=6)
    again = model.sample(24, options, seed=1)
    once = model.sample(24, property=["rings=3", "gap=0.2"], steps=7, attempts=1, seed=1)
    met = [sum(bool(m.record["satisfied"]) for m in molecules) for molecules in (once, again)]
    assert met[1] > met[0] + 4
    errors = [
        np.mean([abs(float(m.record["predicted_gap"]) - 0.2) for m in molecules if m.failure is None])
        for molecules in (once, again)
    ]
    assert errors[1] < 0.7 * errors[0]
    assert all(m.record["rings"] == 3 for m in again if m.record["satisfied"])
    draws = np.mean([int(m.record.get(DRAWN, 1)) for m in again])
    repairs = np.mean([int(m.record.get(REDRAWN, 0)) for m in again])
    assert draws > 2 and not any(DRAWN in m.record for m in once)
    assert model.nfe(options, again) == pytest.approx(11 * draws + 10 * repairs)


def test_windows_of_predicted_properties_are_checked(model: MoleculeGenerator) -> None:
    molecules = model.sample(8, property="gap=0.2-0.25", steps=8, attempts=2)
    for molecule in molecules:
        within = 0.2 <= float(molecule.record.get("predicted_gap", math.nan)) <= 0.25
        whole = molecule.failure is None and not_whole(molecule) is None
        assert molecule.record["satisfied"] == (whole and within)
    assert any(m.record["satisfied"] for m in molecules)


def test_the_same_seed_gives_the_same_molecules_however_many_attempts_they_take(
    model: MoleculeGenerator,
) -> None:
    asked = {"property": "rings=3", "steps": 4, "attempts": 3, "seed": 2}
    first, again = model.sample(6, **asked), model.sample(6, **asked)
    assert any(DRAWN in m.record for m in first)
    assert [m.record for m in first] == [m.record for m in again]
    assert all((a.pos == b.pos).all() for a, b in zip(first, again, strict=True))


def test_every_attempt_answers_its_own_request_and_value(model: MoleculeGenerator) -> None:
    """In the second round of the stream as in the first."""
    formulas, gaps = ("C4H9NO", "C6H6O"), (0.1, 0.4)  # that none has
    request = Several([FormulaRequest(FormulaRange.parse(f)) for f in formulas])
    targets = SeveralTargets.of([Targets.parse([f"gap={gap}"], attempts=3) for gap in gaps])
    rounds = model.stream(2, SamplingOptions(steps=8, request=request, targets=targets), seed=4)
    for molecules in (next(rounds), next(rounds)):
        assert [m.record["asked_gap"] for m in molecules] == list(gaps)
        elements = [dict(zip(*np.unique(m.numbers, return_counts=True), strict=True)) for m in molecules]
        assert elements == [{1: 9, 6: 4, 7: 1, 8: 1}, {1: 6, 6: 6, 8: 1}]
        assert all(DRAWN in m.record for m in molecules)


def test_what_nothing_reads_is_said(model: MoleculeGenerator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("molgen.checkpoint.generator.predictor_of", lambda targets: None)
    options = read_options(property=["gap=0.2", "rings=1"])
    assert model.check(options) == [
        "nothing tells the gap of drawn molecules; whether it is as asked is not checked"
    ]
    assert model.attempts(read_options(property="gap=0.2")) == Attempts(1)


def test_what_a_graph_fixes_is_refused_or_not_tried_for(model: MoleculeGenerator) -> None:
    with pytest.raises(InputError, match="its rings is 0 in every molecule that is asked for"):
        model.check(read_options(smiles="CCO", property="rings=2"))
    fixed, free = (read_options(smiles="CCO", property=p) for p in ("tpsa=90", ["tpsa=90", "gap=0.2"]))
    assert model.check(fixed) == [] and model.attempts(fixed) == Attempts(1)
    assert model.attempts(free) == Attempts()


def test_the_shipped_predictor_knows_what_its_card_says() -> None:
    """Of twenty test molecules its errors are near those of the card: several times as large at most."""
    model = shipped_property_model(PREDICTOR)
    molecules = list(HeldOut.read(QM9, "test", 0))
    predicted = model.judge(molecules)
    for name in ("alpha", "gap", "cv"):
        errors = np.abs(predicted[name] - [float(m.record[name]) for m in molecules])
        assert errors.mean() < 4 * model.card.errors[name]
