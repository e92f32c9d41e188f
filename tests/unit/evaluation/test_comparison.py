"""Several files side by side: seeds pooled with their spread, models tested against the first."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from molgen.chem import Molecule, write_molecules
from molgen.cli.evaluate import Outputs, evaluate_files
from molgen.cli.judging import How
from molgen.cli.main import main
from molgen.core.errors import InputError
from molgen.evaluation import evaluate, load_protocol, load_reference
from molgen.evaluation.beside import Beside
from molgen.evaluation.comparison import compare, holm, mover, untested, untested_note
from molgen.evaluation.metrics import DISTANCES, METRICS, OF_A_SET, Estimate, bootstrap_interval, share
from molgen.evaluation.page import Page, render_page
from molgen.evaluation.pooling import pooled, spread
from molgen.evaluation.printing import spread_cell

Embed = Callable[[str], Molecule]


@pytest.fixture(scope="module")
def good(embed: Embed) -> list[Molecule]:
    return [embed(smiles) for smiles in ("CCO", "CC", "CN", "C=O", "C#N", "CCF")] * 4


@pytest.fixture
def bad(good: list[Molecule], no_atoms: Molecule) -> list[Molecule]:
    """A third of the good ones, others that are empty, and others with a carbon of total bond order 6."""
    assert good[0].bonds is not None
    overbonded = replace(good[0], bonds=np.vstack([good[0].bonds[:1] * [1, 1, 3], good[0].bonds[1:]]))
    return [*good[:8], *[no_atoms] * 8, *[overbonded] * 8]


def test_pooled_files_are_as_one_file(good: list[Molecule], no_atoms: Molecule) -> None:
    first, second = good[:5], [no_atoms, *good[3:9]]
    reference = load_reference("qm9", "own")
    for protocol in ("bonded", "distributions"):
        parts = [evaluate(part, protocol, reference) for part in (first, second)]
        whole = evaluate([*first, *second], protocol, reference)
        joined = pooled(parts, reference)
        assert {k: f.to_dict() for k, f in joined.figures.items()} == {
            k: f.to_dict() for k, f in whole.figures.items()
        }
        assert list(joined.table.rows()) == list(whole.table.rows())


def test_spread_is_mean_and_deviation_over_files(good: list[Molecule], no_atoms: Molecule) -> None:
    reports = [
        evaluate(part, "bonded") for part in (good[:4], [*good[:3], no_atoms], [*good[:2], *[no_atoms] * 2])
    ]
    found = spread(reports, "validity")
    assert found is not None
    assert found.values == (1.0, 0.75, 0.5)
    assert (found.mean, found.deviation) == (0.75, pytest.approx(0.25))
    assert (found.part, found.to_dict()["files"]) == ("", 3)
    assert spread(reports, "novelty") is None


def test_spread_tells_how_many_files_have_a_value(
    good: list[Molecule], no_atoms: Molecule, tmp_path: Path
) -> None:
    files = [tmp_path / "0.sdf", tmp_path / "1.sdf", tmp_path / "2.sdf"]
    for path, molecules in zip(files, [good, good, [no_atoms] * 2], strict=True):
        write_molecules(molecules, path)
    (subject,) = evaluate_files(files, False, How("bonded"), Outputs(), None)
    found = subject.spread("bonded", "uniqueness")
    assert found is not None and found.part == "2 of 3"
    assert spread_cell(subject, subject.reports[0], "uniqueness") == "25.00 ± 0 (2 of 3 files)"


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_interval_of_difference_is_newcombes_published_one() -> None:
    # Newcombe, Statistics in Medicine 17, 873 (1998), table II, method 10, 56/70 - 48/80.
    found = mover(share(48, 80, "cases"), share(56, 70, "cases"))
    assert found is not None
    interval, p_value = found
    assert interval == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert 0.005 < p_value < 0.05


def test_recovered_test_of_medians_keeps_its_level_and_finds_shifts() -> None:
    rng = np.random.default_rng(5)

    def estimate(shift: float) -> Estimate:
        values = rng.lognormal(sigma=0.5, size=80) + shift
        interval = bootstrap_interval(values, lambda v: float(np.median(v)), resamples=100)
        return Estimate(float(np.median(values)), "kcal/mol", 80, 80, "molecules", interval)

    def alarms(shift: float) -> float:
        found = [mover(estimate(0.0), estimate(shift)) for _ in range(120)]
        return float(np.mean([result is not None and result[1] < 0.05 for result in found]))

    assert alarms(0.0) < 0.12
    assert alarms(0.6) > 0.95


def test_models_are_tested_against_the_first(
    good: list[Molecule], bad: list[Molecule], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / "good.sdf", tmp_path / "same.sdf", tmp_path / "bad.sdf"]
    for path, molecules in zip(files, [good, good, bad], strict=True):
        write_molecules(molecules, path)
    subjects = evaluate_files(files, True, How("bonded"), Outputs(tmp_path / "out.json"), None)
    found = {(d.model, d.metric): d for d in compare(subjects)}
    validity = found["bad.sdf", "validity"]
    assert validity.difference == pytest.approx(8 / 24 - 1)
    # Fisher's exact test of 24 of 24 against 8 of 24, two-sided: C(32, 8) / C(48, 24) and its mirror.
    assert validity.p_value == pytest.approx(6.524e-7, rel=1e-3)
    assert validity.test == "fisher" and validity.is_significant
    assert validity.corrected > validity.p_value
    # Atoms of one molecule are not independent: no count of atoms may be tested as if they were.
    atoms = found["bad.sdf", "atom_stability"]
    assert atoms.test == "mover" and atoms.difference < 0
    same = [d for (model, _), d in found.items() if model == "same.sdf"]
    assert same and all(d.difference == 0 and d.p_value == 1 and not d.is_significant for d in same)
    content = json.loads((tmp_path / "out.json").read_text())
    assert list(content["models"]) == ["good.sdf", "same.sdf", "bad.sdf"]
    assert len(content["differences"]["tests"]) == len(found)
    printed = capsys.readouterr().out
    assert "p < 0.001 *" in printed and "Fisher" in printed


def test_parts_of_one_set_of_other_sizes_are_not_tested_for_what_depends_on_the_size(
    good: list[Molecule], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    files = [tmp_path / name for name in ("whole.sdf", "half.sdf", "quarter.sdf", "again.sdf")]
    for path, molecules in zip(files, [good, good[:12], good[:6], good], strict=True):
        write_molecules(molecules, path)
    out = tmp_path / "out.json"
    subjects = evaluate_files(files, True, How("bonded"), Outputs(out), None)
    tested = {
        model: {d.metric for d in compare(subjects) if d.model == model}
        for model in ("half.sdf", "again.sdf")
    }
    assert not tested["half.sdf"] & OF_A_SET.keys() and "validity" in tested["half.sdf"]
    assert {"uniqueness", "valid_and_unique"} <= tested["again.sdf"], "files of one size are tested"
    assert untested(subjects, "bonded") == ["uniqueness", "valid_and_unique"]
    note = untested_note(subjects, "bonded")
    assert note.startswith("not tested: uniqueness, valid and unique") and "24, 12 and 6 here" in note
    assert json.loads(out.read_text())["differences"]["untested"]["bonded"]["note"] == note
    printed = " ".join(capsys.readouterr().out.split())
    assert "give files of one size" in printed and "50.00 %" in printed, "values are shown all the same"
    assert render_page(Page(subjects, compare(subjects))).count("give files of one size") == 1
    alike = [subjects[0], subjects[3]]
    assert untested(alike, "bonded") == [] and untested_note(alike, "bonded") == ""


def test_what_depends_on_the_size_is_named_where_it_does(good: list[Molecule]) -> None:
    """Twice the same molecules are more of one kind; what they are like does not change."""
    reference = load_reference("qm9", "own")
    for protocol in ("bonded", "distributions"):
        once, twice = (evaluate(good[:6] * times, protocol, reference).figures for times in (1, 2))
        for name in once.keys() - OF_A_SET.keys():
            assert once[name].to_dict().get("value") == twice[name].to_dict().get("value"), name
    assert OF_A_SET.keys() < METRICS.keys()


def test_files_of_one_name_keep_apart(good: list[Molecule], bad: list[Molecule], tmp_path: Path) -> None:
    files = [tmp_path / "one" / "out.sdf", tmp_path / "two" / "out.sdf"]
    for path, molecules in zip(files, [good, bad], strict=True):
        write_molecules(molecules, path)
    subjects = evaluate_files(files, True, How("edm"), Outputs(), None)
    assert [subject.name for subject in subjects] == [str(path) for path in files]


def test_seeds_are_pooled_with_their_spread(
    good: list[Molecule], bad: list[Molecule], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / "0.sdf", tmp_path / "1.sdf"]
    for path, molecules in zip(files, [good, bad], strict=True):
        write_molecules(molecules, path)
    out = tmp_path / "out.json"
    assert main(["evaluate", *map(str, files), "--protocol", "bonded", "--json", str(out)]) == 0
    content = json.loads(out.read_text())
    assert content["n"] == 48
    assert content["protocols"]["bonded"]["metrics"]["validity"]["numerator"] == 32
    scatter = content["over_files"]["bonded"]["validity"]
    assert scatter["values"] == [1.0, pytest.approx(8 / 24)]
    printed = capsys.readouterr().out
    assert "66.67 ± 47" in printed and "QM9 test" in printed


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--compare", "a.sdf"], "two or more"),
        (["a.sdf", "a.sdf"], "given twice"),
        (["a.sdf", "--xtb", "5", "--protocol", "edm"], "xtb_relaxation"),
        (["a.sdf", "--xtb", "0"], "--xtb"),
        (["a.sdf", "--beside", "nonesuch.json"], "neither shipped"),
        (["a.sdf", "--beside", "a.sdf"], "JSON"),
        (["a.sdf", "--scheduler", "tcp://127.0.0.1:1"], "dask"),
        (["a.sdf", "--backend", "dask"], "--scheduler"),
        (["a.sdf", "--json", "out", "--csv", "out"], "same file"),
        (["a.sdf", "b.txt"], "suffix"),
    ],
)
def test_bad_input_is_one_line(
    words: list[str],
    reason: str,
    good: list[Molecule],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_molecules(good[:2], Path("a.sdf"))
    extra = [] if "--json" in words else ["--json", "out.json", "--csv", "out.csv"]
    assert main(["evaluate", *words, *extra]) == 2
    printed = capsys.readouterr()
    assert reason in printed.err
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert [p.name for p in tmp_path.iterdir()] == ["a.sdf"]


def test_figures_can_be_named_beside(good: list[Molecule], tmp_path: Path) -> None:
    path, out = tmp_path / "known.sdf", tmp_path / "known.json"
    write_molecules(good, path)
    (subject,) = evaluate_files([path], False, How(reference="qm9"), Outputs(out), None)
    beside = Beside.load(out)
    assert beside.title == "known"
    for report in subject.reports:
        for metric, figure in report.figures.items():
            read = beside.figure(report.protocol, metric)
            assert read is not None and read.to_dict() == figure.to_dict()
            assert beside.cell(report.protocol, metric) == figure.cells()[0]
    out.write_text(out.read_text().replace('"version": 1', '"version": 2'))
    assert Beside.load(out).cell(subject.reports[0].protocol, "validity") == "-"


@pytest.mark.parametrize(
    "content", ["[]", "{}", '{"protocols": {"edm": {"metrics": 3}}}', '{"protocols": 7}']
)
def test_what_holds_no_figures_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    path.write_text(content)
    with pytest.raises(InputError, match="holds no figures"):
        Beside.load(path)


def test_shipped_figures_are_of_the_shipped_protocols(good: list[Molecule]) -> None:
    beside = Beside.load("qm9")
    report = evaluate(good, "edm")
    assert beside.title == "QM9 test"
    stable = beside.figure(report.protocol, "molecule_stability")
    assert stable is not None and stable.to_dict()["denominator"] == 13_083
    assert 0.94 < stable.to_dict()["value"] < 0.97


def test_the_shipped_figures_tell_no_distance_of_a_set_to_itself() -> None:
    beside = Beside.load("qm9")
    for name in ("distributions", "physical"):
        protocol = load_protocol(name)
        assert DISTANCES.keys() <= set(protocol.metrics)
        assert {beside.cell(protocol, metric) for metric in DISTANCES} == {"-"}
        assert beside.cell(protocol, "diversity").startswith("0.92")
