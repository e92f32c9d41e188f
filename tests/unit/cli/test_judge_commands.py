"""``molgen judge`` from training to a table of asked properties, on files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import molgen
from molgen.chem.asked import asked_fields
from molgen.chem.conformers import embed
from molgen.chem.io import write_molecules
from molgen.chem.molecule import Molecule
from molgen.cli.judge_export import export_judge
from molgen.cli.main import main
from molgen.data.datamodule import MolDataModule
from molgen.regression.model import PropertyModel

ROOT = Path(__file__).parents[3]
STORE = ROOT / "tests" / "fixtures" / "qm9_200"
TEXTS = {"name": "tiny", "description": "a few steps", "training": {"hardware": "one core"}}
TINY = """
model: {network: {init_args: {width: 16, layers: 1, messages: 4}}}
data: {root: tests/fixtures/qm9_200, batch_size: 8, train_size: 80}
trainer:
  {max_steps: 4, val_check_interval: 4, limit_val_batches: 1, enable_model_summary: false, accelerator: cpu}
"""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``molgen judge fit`` leaves after four steps of the shipped configuration, made small."""
    folder = tmp_path_factory.mktemp("judge_run")
    (folder / "tiny.yaml").write_text(TINY)
    words = [
        "judge",
        "fit",
        "--config",
        "configs/experiment/judge.yaml",
        "--config",
        str(folder / "tiny.yaml"),
    ]
    result = subprocess.run(
        [sys.executable, "-m", "molgen", *words, "--run", str(folder / "run")],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return folder / "run"


@pytest.fixture(scope="module")
def judge(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, exported."""
    folder = tmp_path_factory.mktemp("judge")
    export_judge(checkpoint / "checkpoints" / "last.ckpt", folder, TEXTS)
    return folder


@pytest.fixture
def asking(tmp_path: Path) -> Path:
    """Four records: two asked for a gap, one of them no molecule, one for rings, one for nothing."""
    wrong = Molecule(embed("C").numbers, embed("C").pos, np.array([[0, 1, 2]]))
    rows = [
        replace(embed("CCO"), record=asked_fields({"gap": 0.25})),
        replace(wrong, record=asked_fields({"gap": 0.30})),
        replace(embed("C1CC1"), record=asked_fields({"rings": 3})),
        embed("CC"),
    ]
    write_molecules(rows, tmp_path / "asking.sdf")
    return tmp_path / "asking.sdf"


def test_training_logs_errors_in_units(checkpoint: Path) -> None:
    head, *rows = (checkpoint / "csv" / "version_0" / "metrics.csv").read_text().splitlines()
    assert {f"val/{name}" for name in ("mu", "alpha", "homo", "lumo", "gap", "cv", "loss")} <= set(
        head.split(",")
    )
    (errors,) = [dict(zip(head.split(","), row.split(","), strict=True)) for row in rows if row.split(",")[2]]
    assert 0.5 < float(errors["val/alpha"]) < 30
    assert 0.001 < float(errors["val/homo"]) < 0.1


def test_the_card_holds_errors_measured_on_the_test_split(judge: Path) -> None:
    model = PropertyModel.load(judge)
    card = model.card
    assert card.error_molecules == "the 20 molecules of the test split of qm9_200"
    assert card.units["gap"] == "hartree" and card.training["steps"] == 4
    assert card.training["data"]["train_size"] == 80 and card.training["hardware"] == "one core"
    data = MolDataModule(model.network.vocab, str(STORE), ["atom", "cv"])
    found = [(model.predict(batch)["cv"] - batch.labels["cv"]).abs() for batch in data.test_dataloader()]
    assert card.errors["cv"] == pytest.approx(torch.cat(found).mean().item(), rel=1e-5)


def test_asked_properties_are_judged_and_counted(
    asking: Path,
    judge: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    out = tmp_path / "out.json"
    words = ["evaluate", str(asking), "--protocol", "edm", "--properties", "--judge", str(judge)]
    assert main([*words, "--json", str(out)]) == 0
    found = json.loads(out.read_text())["asked"]
    predicted = PropertyModel.load(judge).judge([embed("CCO"), embed("C")])["gap"]
    gap, rings = found["properties"]["gap"], found["properties"]["rings"]
    assert found["n"] == 4
    assert gap["mean_absolute_error"]["value"] == pytest.approx(
        np.abs(predicted - [0.25, 0.30]).mean(), abs=1e-5
    )
    assert (gap["mean_absolute_error"]["count"], gap["mean_absolute_error"]["total"]) == (2, 2)
    assert (gap["valid"]["numerator"], gap["valid"]["denominator"]) == (1, 2)
    assert gap["judge"] == PropertyModel.load(judge).card.errors["gap"]
    assert rings["mean_absolute_error"]["value"] == 2 and rings["judge"] is None
    printed = capsys.readouterr().out
    assert "asked properties, n = 4" in printed and "meV" in printed


def test_sampled_molecules_say_what_was_asked(judge: Path, tmp_path: Path) -> None:
    drawn = molgen.load("qm9", "cpu").sample(3, property=["gap=0.25", "tpsa=20-60"], steps=2, seed=1)
    assert [molecule.record["asked_gap"] for molecule in drawn] == [0.25] * 3
    asked = [float(molecule.record["asked_tpsa"]) for molecule in drawn]
    assert all(20 <= value <= 60 for value in asked) and len(set(asked)) == 3
    plain = molgen.load("qm9", "cpu").sample(1, steps=1)
    assert not any(name.startswith("asked_") for name in plain[0].record)


def test_without_a_judge_or_without_a_question_it_is_one_line(
    asking: Path, judge: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = tmp_path / "silent.sdf"
    write_molecules([embed("CC")], silent)
    for file, folder, message in (
        (asking, tmp_path / "nothing", "no property network in"),
        (silent, judge, "none of 1 molecules says which properties were asked"),
    ):
        assert main(["evaluate", str(file), "--properties", "--judge", str(folder)]) == 2
        assert message in capsys.readouterr().err


def test_a_judge_that_is_not_asked_is_refused(asking: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(asking), "--judge", "elsewhere"]) == 2
    assert "without --properties" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["predict"], ["frobnicate"]])
def test_an_unknown_command_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", *words]) == 2
    assert "give one of fit, validate, test, export" in capsys.readouterr().err


def test_the_card_needs_its_texts(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = str(checkpoint / "checkpoints" / "last.ckpt")
    words = ["judge", "export", source, "-o", str(tmp_path / "out"), "--card", str(tmp_path / "card.yaml")]
    assert main(words) == 2
    assert "cannot read the card" in capsys.readouterr().err
    (tmp_path / "card.yaml").write_text("name: judge\n")
    assert main(words) == 2
    assert "must have exactly the keys" in capsys.readouterr().err
    (tmp_path / "card.yaml").write_text("name: judge\ndescription: d\ntraining: long\n")
    assert main(words) == 2
    assert "'training' must be a mapping of facts" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
