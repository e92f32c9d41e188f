"""Every kind of trial on a few molecules: what is asked and counted, and that wrong answers count less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from molgen.chem.molecule import Molecule
from molgen.chem.stereo import mirrored
from molgen.control import ConformerRequest, DeNovo, FormulaRequest
from molgen.core.errors import InputError
from molgen.evaluation.metrics import Share, wilson_interval
from molgen.trials import (
    AnalogueTrial,
    Bench,
    ConformerTrial,
    FormulaTrial,
    LinkerTrial,
    Occasion,
    Outcome,
    PropertyTrial,
    RefinementTrial,
    ScaffoldTrial,
    Trial,
    render,
    run_row,
)
from molgen.trials.outcome import COMMON, judge
from molgen.trials.sources import Embedded, Requested, judged
from molgen.trials.trial import Asked, take


def rows(trial: Trial, occasion: Occasion, bench: Bench) -> list[tuple[Outcome, list[Molecule]]]:
    return [run_row(trial, asked, bench) for asked in trial.asked(occasion)]


def answered(trial: Trial, asked: Asked, answers: Sequence[Molecule]) -> Outcome:
    """Judge hand-made answers by the requests of a row."""
    assert isinstance(asked.source, Requested)
    problems = [
        answer.failure or request.objection(answer)
        for request, answer in zip(asked.source.requests, answers, strict=True)
    ]
    return judge(trial, asked, [judged(a, p) for a, p in zip(answers, problems, strict=True)], 1.0)


@pytest.mark.parametrize(
    ("trial", "labels", "own"),
    [
        (FormulaTrial(), [""], set()),
        (ScaffoldTrial(), [""], {"kept"}),
        (LinkerTrial(), [""], {"kept"}),
        (AnalogueTrial([0.1, 0.8]), ["strength 0.1", "strength 0.8"], {"similarity", "same_as_parent"}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_all_requested_molecules_are_counted(
    trial: Trial, labels: list[str], own: set[str], occasion: Occasion, bench: Bench
) -> None:
    found = rows(trial, occasion, bench)
    assert [outcome.label for outcome, _ in found] == labels
    for outcome, molecules in found:
        assert len(molecules) == outcome.requested == 4
        assert set(outcome.figures) == {*COMMON, *own}
        content = outcome.to_dict()["figures"]
        for name in ("success", "valid_and_connected", "valid_and_unique"):
            assert content[name]["denominator"] == 4
        unmet = [m for m in molecules if not m.record["satisfied"]]
        assert content["success"]["numerator"] == 4 - len(unmet)
        assert sum(outcome.objections.values()) == len(unmet)
        if "kept" in own:
            assert content["kept"]["value"] == 1, "given atoms stay by construction"


def test_wrong_formulas_are_failures(occasion: Occasion) -> None:
    trial = FormulaTrial()
    asked = next(trial.asked(occasion))
    right = answered(trial, asked, asked.about)
    assert right.figures["success"].value == 1 and right.objections == {}
    assert isinstance(asked.source, Requested)
    assert all(isinstance(request, FormulaRequest) for request in asked.source.requests)
    turned = [*asked.about[1:], asked.about[0]]
    wrong = answered(trial, asked, turned)
    same = sum(a.formula == b.formula for a, b in zip(asked.about, turned, strict=True))
    assert wrong.figures["success"].value == same / 4 < 1
    assert sum(wrong.objections.values()) == 4 - same
    broken = [replace(asked.about[0], pos=asked.about[0].pos * np.nan), *asked.about[1:]]
    assert answered(trial, asked, broken).figures["valid_and_connected"].value == 3 / 4


def test_moved_scaffolds_are_failures(occasion: Occasion, bench: Bench) -> None:
    trial = ScaffoldTrial()
    asked = next(trial.asked(occasion))
    drawn = asked.source(bench)
    moved = [replace(drawn[0], pos=drawn[0].pos + 1.0), *drawn[1:]]
    outcome = answered(trial, asked, moved)
    assert outcome.figures["kept"].value == 3 / 4
    assert outcome.figures["success"].value is not None and outcome.figures["success"].value <= 3 / 4


def test_known_geometries_are_found_and_wrong_conformers_find_nothing(occasion: Occasion) -> None:
    trial = ConformerTrial(each=2)
    ours, rdkit = trial.asked(occasion)
    assert isinstance(rdkit.source, Embedded) and len(ours.source) == len(rdkit.source) == 8
    right = answered(trial, ours, ours.about)
    assert [right.figures[n].value for n in ("success", "coverage_0.25", "coverage_0.5")] == [1, 1, 1]
    assert right.figures["matching_rmsd"].value == pytest.approx(0, abs=1e-3)
    stretched = [replace(m, pos=3 * m.pos) for m in ours.about]
    wrong = answered(trial, ours, [*stretched[:2], *ours.about[2:]])
    assert wrong.figures["success"].value == wrong.figures["coverage_0.5"].value == 3 / 4
    assert wrong.figures["matching_rmsd"].to_dict()["count"] == 3
    alike = wrong.figures["valid_and_unique"]
    assert alike.value is None and "alike" in str(alike.note), "it could not be above a half"


def test_conformers_of_one_graph_are_not_independent(occasion: Occasion) -> None:
    """Where all of a graph fail together, the interval is that of graphs, not of conformers."""
    asked, _ = ConformerTrial(each=10).asked(occasion)
    stretched = [replace(m, pos=3 * m.pos) for m in asked.about]
    outcome = answered(ConformerTrial(each=10), asked, [*stretched[:10], *asked.about[10:]])
    for name in ("success", "valid_and_connected"):
        figure = outcome.figures[name]
        assert isinstance(figure, Share)
        assert (figure.numerator, figure.denominator) == (30, 40) or name == "valid_and_connected"
        assert figure.interval == pytest.approx(wilson_interval(figure.numerator / 40, 4))


def test_answers_to_single_requests_are_independent(occasion: Occasion) -> None:
    trial = FormulaTrial()
    asked = next(trial.asked(occasion))
    outcome = answered(trial, asked, [asked.about[1], *asked.about[1:]])
    figure = outcome.figures["success"]
    assert isinstance(figure, Share)
    assert figure.interval == pytest.approx(wilson_interval(3 / 4, 4))


def test_the_other_hand_is_not_the_conformer_that_was_asked(occasion: Occasion) -> None:
    trial = ConformerTrial(each=1)
    asked, _ = trial.asked(replace(occasion, count=20))
    assert isinstance(asked.source, Requested)
    handed = [
        (request, molecule)
        for request, molecule in zip(asked.source.requests, asked.about, strict=True)
        if isinstance(request, ConformerRequest) and "@" in request.smiles
    ]
    assert len(handed) >= 3
    for request, molecule in handed:
        assert request.objection(molecule) is None
        image = request.objection(mirrored(molecule))
        assert image is None or "stereochemistry" in image
    assert any(request.objection(mirrored(molecule)) for request, molecule in handed)


def test_rdkit_is_held_to_the_same_requests(occasion: Occasion, bench: Bench) -> None:
    trial = ConformerTrial(each=2)
    _, asked = trial.asked(occasion)
    outcome, molecules = run_row(trial, asked, bench)
    assert outcome.label == "2 by ETKDGv3 + MMFF94"
    assert outcome.figures["success"].value == 1
    assert all(m.record["geometry"] == "mmff94" for m in molecules)
    assert not np.array_equal(molecules[0].pos, molecules[1].pos)


def test_refinement_is_measured_on_the_same_molecules_before_and_after(
    occasion: Occasion, bench: Bench
) -> None:
    pytest.importorskip("tblite")
    trial = RefinementTrial(relaxed=2)
    outcome, molecules = rows(trial, replace(occasion, count=3), bench)[0]
    assert len(molecules) == 3 and outcome.figures["success"].value == 1
    before, after, ratio = (
        outcome.figures[name].to_dict() for name in ("strain_before", "strain_after", "strain_ratio")
    )
    assert before["count"] == after["count"] == ratio["count"] == 2
    assert ratio["value"] == pytest.approx(before["value"] / after["value"])
    low, high = ratio["interval"]
    assert low <= ratio["value"] <= high


def test_properties_are_asked_at_every_guidance_and_judged_by_whoever_is_handed_in(
    occasion: Occasion, bench: Bench
) -> None:
    def judge_of_gap(molecules: Sequence[Molecule]) -> dict[str, np.ndarray]:
        asked = [float(m.record.get("asked_gap", 0)) for m in molecules]
        return {"gap": np.array(asked) + np.array([0.1, -0.1, 0.1, np.nan])}

    trial = PropertyTrial([1, 2], judge_of_gap, attempts=3)
    all_asked = list(trial.asked(occasion))
    names = sorted(occasion.setting.statistics.properties)
    assert [a.label for a in all_asked] == [f"{n}, guidance {g}, best of 3" for n in names for g in (1, 2)]
    chosen = next(a for a in all_asked if a.label == "gap, guidance 2, best of 3")
    outcome, molecules = run_row(trial, chosen, bench)
    assert [m.record["asked_gap"] for m in molecules] == [m.record["gap"] for m in chosen.about]
    draws = [int(m.record.get("drawn", 1)) for m in molecules]
    assert outcome.figures["draws"].to_dict()["value"] == np.mean(draws) > 1 and max(draws) <= 3
    assert outcome.figures["mae"].to_dict() | {"interval": None} == {
        "value": pytest.approx(0.1),
        "unit": "hartree",
        "count": 3,
        "total": 4,
        "over": "requested molecules",
        "interval": None,
        "note": None,
    }


def test_properties_can_be_chosen_and_only_among_those_that_the_model_knows(occasion: Occasion) -> None:
    chosen = PropertyTrial([1], attempts=1, names=["mu", "alpha", "mu"])
    assert [asked.label for asked in chosen.asked(occasion)] == ["mu, guidance 1", "alpha, guidance 1"]
    with pytest.raises(InputError, match=r"no property 'mass'; give some of .*alpha, .*tpsa"):
        next(PropertyTrial([1], names=["mass"]).asked(occasion))


def test_descriptors_are_judged_by_rdkit_against_values_that_held_out_molecules_have(
    occasion: Occasion, bench: Bench
) -> None:
    trial = PropertyTrial([1], attempts=1)
    chosen = next(a for a in trial.asked(occasion) if a.label == "tpsa, guidance 1")
    _, molecules = run_row(trial, chosen, bench)
    themselves = [
        replace(m, record={**drawn.record}) for m, drawn in zip(chosen.about, molecules, strict=True)
    ]
    figures = trial.figures(chosen, themselves)
    assert figures["mae"].value == pytest.approx(0, abs=1e-4)
    assert figures["mae_shuffled"].value > 1


def test_more_than_the_split_has_is_refused(occasion: Occasion) -> None:
    with pytest.raises(InputError, match="formula: only 20 of the 20 molecules of the test split"):
        next(FormulaTrial().asked(replace(occasion, count=21)))
    with pytest.raises(InputError, match=r"refinement: only 1\d molecules"):
        next(RefinementTrial().asked(replace(occasion, count=21)))
    with pytest.raises(InputError, match="odd: only 0 of the 20"):
        take(occasion, "odd", lambda molecule: None)


def test_what_the_model_cannot_be_asked_at_all_is_said_as_the_request_says_it(occasion: Occasion) -> None:
    with pytest.raises(InputError, match="no molecule of this size"):
        take(occasion, "size", lambda molecule: _Impossible())


class _Impossible(DeNovo):
    def check(self, setting: object) -> None:
        raise InputError("no molecule of this size")


def test_molecules_in_between_are_counted(occasion: Occasion) -> None:
    anything = DeNovo()
    seen: list[Molecule] = []

    def every_other(molecule: Molecule) -> DeNovo | None:
        seen.append(molecule)
        return anything if len(seen) % 2 else None

    taken = take(occasion, "any", every_other)
    assert taken.passed_over == 3 and taken.molecules == seen[::2]


def test_the_table_has_a_line_for_every_row(occasion: Occasion) -> None:
    trial = FormulaTrial()
    asked = next(trial.asked(occasion))
    table = render([answered(trial, asked, asked.about)] * 2)
    assert table.row_count == 2
    assert [str(column.header) for column in table.columns] == [
        *["task", "success", "valid and connected", "valid and unique", "diversity", "s per 100", "besides"]
    ]
