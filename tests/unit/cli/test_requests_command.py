"""``molgen requests`` end to end: the figures, the pictures, and input that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from molgen.chem.io import read_molecules
from molgen.cli.main import main
from molgen.cli.requests import TASK_OPTIONS, TASKS

DATA = Path(__file__).parents[2] / "fixtures" / "qm9_200"


def requests(folder: Path, *words: str) -> int:
    """Run ``molgen requests`` on the CPU about four molecules in few steps."""
    given = ["--data", str(DATA), "-n", "4", "--steps", "2", "--device", "cpu"]
    return main(["requests", *given, "-o", str(folder / "requests.json"), *words])


def test_figures_pictures_and_molecules_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--only", "formula,analogue", "--strengths", "0.2", "--pictures", str(tmp_path / "pictures")]
    assert requests(tmp_path, *words) == 0
    content = json.loads((tmp_path / "requests.json").read_text())
    assert content["checkpoint"] == "qm9" and content["checkpoint_sha256"]
    assert (content["split"], content["count"], content["seed"]) == ("test", 4, 0)
    assert [(row["task"], row["label"], row["requested"]) for row in content["tasks"]] == [
        ("formula", "", 4),
        ("analogue", "strength 0.2", 4),
    ]
    for row in content["tasks"]:
        assert row["seconds_per_100"] == pytest.approx(25 * row["seconds"], rel=0.01)
        low, high = row["figures"]["success"]["interval"]
        assert low <= row["figures"]["success"]["value"] <= high
    for name in ("formula", "analogue-strength-0.2"):
        with Image.open(tmp_path / "pictures" / f"{name}.png") as picture:
            assert picture.width > 500
        molecules = read_molecules(tmp_path / "pictures" / f"{name}.sdf")
        assert [m.record["request"] for m in molecules] == [1, 2, 3, 4]
    printed = capsys.readouterr().out
    assert "analogue, strength 0.2" in printed and "requests.json: 2 rows" in printed


def test_some_properties_can_be_asked_for(tmp_path: Path) -> None:
    words = ["--only", "property", "--properties", "tpsa, mu", "--guidance", "1", "--attempts", "1"]
    assert requests(tmp_path, *words) == 0
    content = json.loads((tmp_path / "requests.json").read_text())
    assert [row["label"] for row in content["tasks"]] == ["tpsa, guidance 1", "mu, guidance 1"]


def test_the_seed_decides_everything(tmp_path: Path) -> None:
    figures = []
    for seed in ("1", "1", "2"):
        assert requests(tmp_path, "--only", "scaffold", "--seed", seed) == 0
        row = json.loads((tmp_path / "requests.json").read_text())["tasks"][0]
        figures.append((row["figures"]["diversity"], row["objections"]))
    assert figures[0] == figures[1] != figures[2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--only", "property", "--properties", ""], "--properties '': a name is missing"),
        (["--only", "property", "--properties", "mu,,alpha"], "a name is missing"),
        (["--only", "property", "--properties", "mass"], "knows no property 'mass'; give some of alpha, cv"),
        (["--only", "refinement", "--steps", "5"], "--steps 5: refinement, the only task, draws nothing"),
        (["--only", "refinement", "--repair", "0"], "--repair 0: refinement, the only task, draws nothing"),
        (["--only", "property", "--checkpoint", "edm"], "edm knows no properties"),
        (["--only", "formula,ring"], "there is no task 'ring'; give some of formula, scaffold, linker"),
        (["--reference-split", "train"], "'train' is not held out; give validation or test"),
        (["--only", "formula", "-n", "21"], "only 20 of the 20 molecules of the test split"),
        (["--only", "property", "--guidance", "much"], "--guidance 'much' are not numbers"),
        (["--only", "property", "--guidance=-1"], "--guidance must be 0 or more and finite, got -1"),
        (["--only", "analogue", "--strengths", "0.5,2"], "strengths must be above 0 and at most 1, got 2"),
        (["--data", "nowhere"], "no prepared data set in nowhere"),
        (["--conformers", "0"], "--conformers: needs a whole number >= 1, got '0'"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert requests(tmp_path, *words) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "requests.json").exists()


OTHER_VALUES = {
    "conformers": ("conformer", "3"),
    "strengths": ("analogue", "0.5"),
    "properties": ("property", "mu"),
    "guidance": ("property", "3"),
    "attempts": ("property", "2"),
    "judge": ("property", "mine"),
    "xtb": ("refinement", "5"),
}
"""The task that reads each option, and a value that is not its default."""


def test_options_of_one_task_are_all_looked_at() -> None:
    assert set(OTHER_VALUES) == set(TASK_OPTIONS)


@pytest.mark.parametrize("name", OTHER_VALUES)
def test_an_option_that_no_task_reads_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task, value = OTHER_VALUES[name]
    others = ",".join(other for other in TASKS if other != task)
    refusal = f"--{name} {value}: only the task {task} reads it"
    assert requests(tmp_path, "--only", others, f"--{name}", value) == 2
    assert refusal in capsys.readouterr().err
    # The data are looked for only after the options.
    both = "formula" if task == "refinement" else task
    assert requests(tmp_path, "--only", f"{task},{both}", f"--{name}", value, "--data", "nowhere") == 2
    assert ("mine" if name == "judge" else "no prepared data set in nowhere") in capsys.readouterr().err
    default = str(TASK_OPTIONS[name].default)
    if name != "properties":
        assert requests(tmp_path, "--only", others, f"--{name}", default, "--data", "nowhere") == 2
        assert "no prepared data set in nowhere" in capsys.readouterr().err
