"""The results page follows from its files alone; figures, goals and the learning curve are right."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from molgen.cli.main import main
from molgen.core.errors import ConfigError, InputError
from molgen.evaluation.beside import Beside
from molgen.evaluation.metrics import Estimate, share
from molgen.evaluation.pooling import Spread
from molgen.evaluation.quoted import Quoted
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.results_commands import evaluate_command, recorded_command
from molgen.evaluation.results_goals import Goal, load_goals
from molgen.evaluation.results_page import ResultsPage
from molgen.evaluation.results_requests import read_requests
from molgen.evaluation.results_run import Run, read_runs
from molgen.evaluation.results_tables import (
    figure_cell,
    goals_table,
    markdown_table,
    quality_table,
    run_cell,
    speed_table,
    table_remarks,
)

pytest.importorskip("matplotlib")
FIXTURES = Path(__file__).parents[2] / "fixtures" / "results"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The fixtures as ``results`` below the current folder."""
    shutil.copytree(FIXTURES, tmp_path / "results")
    monkeypatch.chdir(tmp_path)
    return Path("results")


@pytest.fixture
def runs(folder: Path) -> dict[str, Run]:
    return {run.name: run for run in read_runs(folder)}


def changed(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_the_page_is_what_the_command_makes(folder: Path) -> None:
    assert main(["results", "results", "-o", "page.md", "--curve", "results/curve/curve.json"]) == 0
    made = Path("page.md").read_text()
    assert made == (FIXTURES / "page.md").read_text(), "python tests/fixtures/make_results.py makes it again"
    quality = Path("quality_against_time.svg").read_text()
    assert "seconds per molecule" in quality and "100 NFE" in quality and "qm9, cuda:0" in quality
    assert "goal 98 %" in Path("learning_curve.svg").read_text()


def test_every_table_follows_a_command_or_says_from_what(folder: Path) -> None:
    sections = (FIXTURES / "page.md").read_text().split("\n## ")[1:]
    assert len(sections) == 8
    for section in sections:
        before = section[: section.index("\n| ")]
        assert "molgen " in before or "From " in before or "--curve" in before, section[:40]


def test_commands_are_put_together_again() -> None:
    options = {"protocol": "all", "reference": None, "limits": {"xtb_relaxation": 5}, "seed": 3}
    isolation = {"timeout_s": 30.0, "memory_gb": None}
    made = evaluate_command(["a b.sdf"], options | {"isolation": isolation}, "x.json")
    assert made == "molgen evaluate 'a b.sdf' --protocol all --xtb 5 --timeout 30 --seed 3 --json x.json"
    asked = recorded_command(
        "sample", {"count": 2, "batch_size": 4, "property": ["gap=0.2", "mu=1"], "like": None}
    )
    assert asked == "molgen sample -n 2 --batch-size 4 --property gap=0.2 --property mu=1"


def test_runs_are_grouped_and_ordered(runs: dict[str, Run]) -> None:
    assert list(runs) == ["qm9, 20 NFE", "qm9, 100 NFE", "edm, 1001 NFE"]
    assert set(runs["edm, 1001 NFE"].protocols) == {"edm", "bonded"}
    assert runs["qm9, 20 NFE"].protocols["bonded"].value("valid_and_connected") == pytest.approx(92)
    assert runs["qm9, 20 NFE"].protocols["physical"].value("xtb_energy_median") == 4
    assert runs["qm9, 20 NFE"].protocols["edm"].value("novelty") is None
    assert runs["qm9, 20 NFE"].seconds_each == pytest.approx(0.22)
    assert runs["qm9, 20 NFE"].limits("physical").startswith("energy ratio of 200, xtb relaxation of 200")
    assert runs["qm9, 20 NFE"].limits("edm") == ""


def test_cells_give_mean_spread_and_pooled_interval() -> None:
    figure, spread = share(276, 300, "requested"), Spread((0.9, 0.94, 0.92), 0.92, 0.02, 3)
    assert figure.interval is not None
    low, high = (f"{100 * bound:.2f}" for bound in figure.interval)
    assert figure_cell(figure, spread, "valid_and_connected", 3) == f"92.00 ± 2 [{low}, {high}]"
    assert figure_cell(figure, spread, "uniqueness", 3) == "92.00 ± 2"
    assert figure_cell(figure, None, "uniqueness") == f"92.00 [{low}, {high}]"
    assert figure_cell(share(0, 0, "valid"), None, "uniqueness") == "-"


def test_figures_of_a_set_have_no_interval_of_all_seeds_together() -> None:
    """They drift with the number of molecules, so that the mean of seeds may lie outside of it."""
    figure, spread = Estimate(0.92, "", 300, 300, "molecules", (0.91, 0.93)), Spread((0.9,) * 3, 0.9, 0.0, 3)
    for metric in ("diversity", "bond_length_w1", "torsion_w1"):
        assert figure_cell(figure, spread, metric, 3) == "0.9 ± 0"
        assert figure_cell(figure, None, metric) == "0.92 [0.91, 0.93]"
    assert figure_cell(figure, spread, "xtb_energy_median", 3) == "0.9 ± 0 [0.91, 0.93]"


def test_cells_tell_where_not_every_seed_has_a_value(folder: Path) -> None:
    fcd = Estimate(0.5268, "", 2978, 3000, "valid molecules")
    assert figure_cell(fcd, None, "fcd", 3) == "0.5268 (2,978 together)"
    assert figure_cell(fcd, None, "fcd") == "0.5268"
    assert figure_cell(fcd, Spread((0.5, 0.6), 0.55, 0.07, 3), "fcd", 3) == "0.55 ± 0.07 (2 of 3 seeds)"
    path = folder / "qm9-20.all.eval.json"
    content = json.loads(path.read_text())
    content["over_files"]["edm"]["validity"] = {
        "values": [0.8, 0.9],
        "mean": 0.85,
        "standard_deviation": 0.07,
    }
    content["protocols"]["edm"]["metrics"]["validity"] = share(170, 300, "requested molecules").to_dict()
    changed(path, **content)
    run = {run.name: run for run in read_runs(folder)}["qm9, 20 NFE"]
    assert run_cell(run, "edm", "validity").startswith("85.00 ± 7 (2 of 3 seeds) [")


def test_columns_of_distances_have_their_unit_and_no_value_of_the_reference_itself(
    runs: dict[str, Run],
) -> None:
    run = runs["qm9, 20 NFE"]
    figures = {"bond_length_w1": Estimate(0.002, "angstrom", 300, 300, "requested molecules")}
    physical = replace(run.protocols["physical"], figures=figures, spreads={})
    measured = replace(run, protocols={"physical": physical})
    head, _, row, known, *_ = (
        line.split(" | ")
        for line in quality_table([measured], "physical", Beside.load("qm9"), Quoted.load()).splitlines()
    )
    column = head.index("bond length w1, angstrom")
    assert (row[column], known[column]) == ("0.002 (300 together)", "-")
    assert known[0] == "| QM9 test" and known[head.index("diversity |")].startswith("0.9219 [")


def test_notes_of_figures_stand_below_the_table(runs: dict[str, Run]) -> None:
    run = runs["qm9, 20 NFE"]
    strain = Estimate(1.5, "kcal/mol", 600, 600, "drawn molecules", note="3 not converged")
    figures = {
        "plausible_with_energy_ratio": share(560, 600, "drawn molecules", note="38 not computable"),
        "xtb_energy_median": strain,
        "xtb_energy_p90": strain,
    }
    physical = replace(run.protocols["physical"], figures=figures, spreads={})
    measured = [replace(run, protocols={"physical": physical}), runs["edm, 1001 NFE"]]
    told, known = table_remarks(measured, "physical", Beside.load("qm9"))
    assert told.startswith("Of qm9, 20 NFE: energy ratio of 200, xtb relaxation of 200 molecules a seed")
    assert "; of all seeds, plausible with energy ratio: 38 not computable; " in told
    assert told.endswith("; xtb energy median, xtb energy p90: 3 not converged.")
    assert known.startswith("Of QM9 test: plausible with energy ratio: ") and "not computable" in known


def test_goals_stand_beside_what_the_data_have(runs: dict[str, Run]) -> None:
    goals = {goal.metric: goal for goal in load_goals()}
    chosen = [
        goals[name]
        for name in (
            "plausible_with_energy_ratio",
            "valid_and_unique",
            "seconds for 1000 molecules on 2 CPU cores",
        )
    ]
    lines = goals_table(chosen, list(runs.values()), Beside.load("qm9"), Quoted.load()).splitlines()
    column = lines[0].split(" | ").index("QM9 test")
    plausible, unique, speed = (line.split(" | ")[column] for line in lines[2:])
    assert lines[0].endswith("| how far |") and plausible == "92.50 [88.00, 95.40] %", (
        "which lies below the goal"
    )
    assert unique == speed == "-"


def test_a_bar_does_not_break_a_table() -> None:
    assert markdown_table(["a"], [["x | y"]]).splitlines()[-1] == r"| x \| y |"


def test_devices_without_a_record_are_not_measured(runs: dict[str, Run]) -> None:
    assert "not measured" not in speed_table(list(runs.values()))
    on_cpu = speed_table([runs["qm9, 20 NFE"]])
    assert "| GPU | - | not measured |" in on_cpu and "| 220 (200 to 240) | 4.545 |" in on_cpu
    one_seed = speed_table([runs["edm, 1001 NFE"]])
    assert "| 4000 | 0.25 |" in one_seed


def test_goals_tell_how_far(runs: dict[str, Run]) -> None:
    measured = list(runs.values())
    goal = Goal("qm9", "edm", "molecule_stability", (1, 100), "%", at_least=95.0)
    found = goal.best(measured)
    assert found is not None
    assert (found[0].name, found[1]) == ("qm9, 100 NFE", pytest.approx(96))
    assert goal.missing(found[1]) == pytest.approx(-1)
    strain = Goal("qm9", "physical", "xtb_energy_median", (20, 20), "kcal/mol", at_most=3.0)
    nearest = strain.best(measured)
    assert nearest is not None and strain.missing(nearest[1]) == pytest.approx(1)
    assert Goal("qm9", "edm", "molecule_stability", (50, 50), "%", at_least=95.0).best(measured) is None
    assert "93.3 (GeoBFN, 2000 NFE" in goal.best_published(Quoted.load())
    speed = Goal("qm9", "speed", "seconds", (100, 100), "s", at_most=1.0)
    assert speed.best(measured) is None, "a GPU's time is no CPU's"


def test_goals_without_repair_are_not_reached_by_redrawing(runs: dict[str, Run]) -> None:
    goal = Goal("qm9", "edm", "molecule_stability", (1, 100), "%", at_least=90.0, without_repair=True)
    assert "without repair" in goal.title
    once, best = runs["qm9, 20 NFE"], runs["qm9, 100 NFE"]
    redrawn = replace(best, records=[replace(record, repair=8) for record in best.records])
    nearest = goal.best([once, redrawn])
    assert nearest is not None and nearest[0] is once
    either = replace(goal, without_repair=False).best([once, redrawn])
    assert either is not None and either[0] is redrawn


def test_uniqueness_stands_beside_as_many_draws_from_the_training_data(runs: dict[str, Run]) -> None:
    known = ReferenceSet.from_smiles(["C" * length for length in range(1, 201)], "alkanes")
    edm = runs["edm, 1001 NFE"]
    many = replace(edm, records=[replace(record, written=20_000) for record in edm.records])
    measured = [runs["qm9, 100 NFE"], many]
    page = ResultsPage(measured, Beside.load("qm9"), Quoted.load(), load_goals(), known).render("x")
    expected = known.expected_uniqueness(100)
    assert "of 100 draws, with replacement, from the 200 different molecules that novelty is" in page
    assert f"{expected:.2%} are expected" in page and "20,000 draws" not in page
    nothing = ResultsPage([many], Beside.load("qm9"), Quoted.load(), load_goals(), known).render("x")
    assert "draws, with replacement" not in nothing


def test_shares_that_fall_with_the_number_of_molecules_are_of_the_largest_runs(runs: dict[str, Run]) -> None:
    goal = Goal("qm9", "edm", "valid_and_unique", (1, 100), "%", at_least=96.0)
    other_metric = replace(goal, metric="molecule_stability")
    few, other = runs["qm9, 100 NFE"], runs["qm9, 20 NFE"]
    many = replace(other, records=[replace(record, written=10_000) for record in other.records])
    assert few.protocols["edm"].value(goal.metric) > many.protocols["edm"].value(goal.metric)
    nearest = goal.best([few, other])
    assert nearest is not None and nearest[0] is few
    largest = goal.best([few, many])
    assert largest is not None and largest[0] is many
    found = other_metric.best([few, other, many])
    assert found is not None and found[0] is few, "of another kind, so that fewer molecules do not matter"
    found = other_metric.best([other, many])
    assert found is not None and found[0] is many
    assert "(qm9, 20 NFE, 3 x 10,000)" in goals_table([goal], [few, many], Beside.load("qm9"), Quoted.load())


def test_time_on_many_threads_or_unknown_ones_reaches_no_goal(runs: dict[str, Run]) -> None:
    (goal,) = [goal for goal in load_goals() if goal.protocol == "speed"]
    run = runs["qm9, 20 NFE"]
    for threads, counts in [(1, True), (2, True), (64, False), (None, False)]:
        records = [replace(record, threads=threads) for record in run.records]
        assert (goal.best([replace(run, records=records)]) is not None) is counts


def test_goals_have_one_bound() -> None:
    assert len(load_goals()) == 13
    with pytest.raises(ConfigError, match="exactly one of at_least and at_most"):
        Goal("qm9", "edm", "validity", (1, 1), "%")


@pytest.mark.parametrize(
    ("file", "values", "message"),
    [
        ("qm9-20-1.run.json", {"seed": 0}, "judge different seeds"),
        ("qm9-20-1.run.json", {"nfe": 50}, "judge different seeds"),
        ("qm9-20-1.run.json", {"rejected": {"invalid": 3}}, "sample without --only"),
        ("qm9-20-1.run.json", {"options": {"formula": "C4H10"}}, "molecules were asked for by --formula"),
        ("qm9-20-1.run.json", {"device": "cuda:0"}, "judge different seeds"),
        ("qm9-20-1.run.json", {"seconds": "long"}, "no run record"),
        ("qm9-20.all.eval.json", {"options": None}, "holds no figures of one model"),
        ("qm9-20.all.eval.json", {"files": ["gone.sdf"]}, r"cannot read results/gone\.run\.json"),
    ],
)
def test_what_cannot_be_a_result(folder: Path, file: str, values: dict[str, object], message: str) -> None:
    changed(folder / file, **values)
    with pytest.raises(InputError, match=message):
        read_runs(folder)


def repaired(folder: Path, *rounds: int) -> None:
    """Let the seeds of 20 calls be repaired at most so often."""
    for seed, most in enumerate(rounds):
        values = {"repair": most, "nfe": 20.5 + seed, "nfe_unrepaired": 20}
        changed(folder / f"qm9-20-{seed}.run.json", **values)


def test_repaired_runs_stand_apart_with_their_mean_calls(folder: Path) -> None:
    repaired(folder, 3, 3, 3)
    runs = {run.name: run for run in read_runs(folder)}
    assert "qm9, repaired, 21.5 NFE" in runs and "qm9, 20 NFE" not in runs and "qm9, 100 NFE" in runs
    goals = [g for g in load_goals() if g.checkpoint == "qm9" and g.nfe == (1, 20)]
    assert goals and all(goal.best([runs["qm9, repaired, 21.5 NFE"]]) is None for goal in goals)
    assert main(["results", "results", "-o", "page.md", "--curve", "results/curve/curve.json"]) == 0
    assert "| qm9, repaired | 21.5 | measured, 3 x 100 |" in Path("page.md").read_text()


def test_seeds_with_other_repairs_are_not_of_one_model(folder: Path) -> None:
    repaired(folder, 3, 1, 3)
    with pytest.raises(InputError, match="judge different seeds"):
        read_runs(folder)


def test_a_protocol_twice_or_of_another_version(folder: Path) -> None:
    shutil.copy(folder / "qm9-20.all.eval.json", folder / "again.eval.json")
    with pytest.raises(InputError, match="both by bonded, edm, physical"):
        read_runs(folder)
    content = json.loads((folder / "again.eval.json").read_text())
    content["protocols"]["edm"]["protocol"]["version"] += 1
    changed(folder / "again.eval.json", **content)
    with pytest.raises(InputError, match="judge the molecules again"):
        read_runs(folder)


def test_requests_are_tasks_with_figures(tmp_path: Path) -> None:
    path = tmp_path / "requests.json"
    figures = {"success": share(50, 100, "requested molecules").to_dict()}
    options = {"count": 100, "only": "formula"}
    path.write_text(json.dumps({"tasks": [{"task": "formula", "figures": figures}], "options": options}))
    found = read_requests(path)
    assert found.command == "molgen requests -n 100 --only formula"
    assert found.cells()[1] == [["formula", "50.00 % [40.38, 59.62]", "-"]]
    timed = {"task": "formula", "figures": figures, "seconds_per_100": 7}
    for threads, told in [({}, "per 100"), ({"threads": 1}, "per 100, 1 thread")]:
        path.write_text(json.dumps({"tasks": [timed], "options": options} | threads))
        assert read_requests(path).cells()[0] == ["task", "success", f"seconds {told}", "besides"]
    for content, message in [
        ({"tasks": [], "options": {}}, "has no row"),
        ([], "holds no table of requests"),
    ]:
        path.write_text(json.dumps(content))
        with pytest.raises(InputError, match=message):
            read_requests(path)
