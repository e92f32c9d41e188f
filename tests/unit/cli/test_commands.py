"""The commands end to end on a tiny network with random weights: files, records, reports."""

import json
import re
from pathlib import Path

import pytest

from molgen.chem.io import read_molecules
from molgen.cli.main import main
from molgen.core.files import atomic_path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and a terminal wide enough for a table."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path


def sample(checkpoint: Path, *words: str) -> int:
    """Run ``molgen sample`` on the CPU."""
    return main(["sample", "--checkpoint", str(checkpoint), "--device", "cpu", *words])


def test_sample_writes_molecules_and_a_record(
    here: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sample(tiny_checkpoint, "-n", "5", "-o", "five.sdf", "--seed", "3", "--batch-size", "2") == 0
    molecules = read_molecules(here / "five.sdf")
    record = json.loads((here / "five.run.json").read_text())
    valid = sum(m.failure is None for m in molecules)
    assert len(molecules) == record["written"] == 5
    assert record["valid"] == valid
    assert (record["checkpoint"], record["seed"], record["nfe"], record["device"]) == ("tiny", 3, 3, "cpu")
    assert record["checkpoint_sha256"] and record["seconds"] >= 0
    assert record["options"]["batch_size"] == 2
    assert f"five.sdf: 5 molecules, {valid} valid" in capsys.readouterr().out
    assert {p.name for p in here.iterdir()} == {"tiny", "five.sdf", "five.run.json"}


def test_the_same_seed_gives_the_same_file(here: Path, tiny_checkpoint: Path) -> None:
    for name, seed in [("a", "1"), ("b", "1"), ("c", "2")]:
        assert sample(tiny_checkpoint, "-n", "4", "-o", f"{name}.sdf", "--seed", seed) == 0
    first, again, other = [(here / f"{name}.sdf").read_bytes() for name in "abc"]
    assert first == again
    assert first != other


def test_num_atoms_holds_for_every_molecule(here: Path, tiny_checkpoint: Path) -> None:
    assert sample(tiny_checkpoint, "-n", "6", "-o", "small.xyz", "--num-atoms", "4-6") == 0
    assert [m.num_atoms for m in read_molecules(here / "small.xyz")] == [5] * 6


def test_a_sampler_and_its_steps_are_recorded(here: Path, tiny_checkpoint: Path) -> None:
    assert sample(tiny_checkpoint, "-n", "1", "-o", "one.npz", "--sampler", "ddim", "--steps", "4") == 0
    record = json.loads((here / "one.npz.run.json").read_text())
    assert (record["sampler"], record["nfe"]) == ("DDIMSampler", 5)


def test_every_output_has_its_own_record(
    here: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("same.sdf", "same.xyz", "same.sdf"):
        assert sample(tiny_checkpoint, "-n", "1", "-o", name) == 0
    outputs = {
        path.name: json.loads(path.read_text())["options"]["output"] for path in here.glob("*.run.json")
    }
    assert outputs == {"same.run.json": "same.sdf", "same.xyz.run.json": "same.xyz"}
    capsys.readouterr()
    assert sample(tiny_checkpoint, "-n", "1", "-o", "same.xyz.sdf") == 2
    message = "same.xyz.run.json is the record of same.xyz and would be overwritten; give another output"
    assert message in capsys.readouterr().err
    assert not (here / "same.xyz.sdf").exists()


def test_only_says_when_the_budget_runs_out(
    here: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["-n", "20", "-o", "few.sdf", "--only", "unique", "--budget", "8"]
    assert sample(tiny_checkpoint, *words) == 0
    record = json.loads((here / "few.run.json").read_text())
    out = capsys.readouterr().out
    assert 0 < record["written"] <= 8
    assert record["written"] + sum(record["rejected"].values()) == 8
    assert f"only {record['written']} of 20 found within the budget" in out
    assert all(f"{count} {reason}" in out for reason, count in record["rejected"].items())


def test_the_budget_may_end_inside_a_round(
    here: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["-n", "4", "-o", "none.sdf", "--only", "connected", "--budget", "6", "--num-atoms", "9"]
    assert sample(tiny_checkpoint, *words) == 2
    counts = re.findall(r"(\d+) not \w+", capsys.readouterr().err)
    assert sum(map(int, counts)) == 6


def test_only_writes_nothing_where_nothing_passes(
    here: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Random weights draw no connected molecule of 9 atoms."""
    words = ["-n", "4", "-o", "none.sdf", "--only", "connected", "--budget", "8", "--num-atoms", "9"]
    assert sample(tiny_checkpoint, *words) == 2
    assert "no molecule passed --only connected" in capsys.readouterr().err
    assert not list(here.glob("none*"))


def test_evaluate_judges_every_sampled_molecule(
    here: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sample(tiny_checkpoint, "-n", "5", "-o", "five.sdf") == 0
    capsys.readouterr()
    assert main(["evaluate", "five.sdf", "--json", "figures.json"]) == 0
    figures = json.loads((here / "figures.json").read_text())
    assert figures["file"] == "five.sdf"
    assert figures["n"] == 5
    assert figures["protocols"]["edm"]["protocol"]["name"] == "edm"
    assert "atom" in capsys.readouterr().out


def test_info_shows_the_card(here: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(tiny_checkpoint)]) == 0
    out = capsys.readouterr().out
    for words in ("tiny: random weights", "elements: H C N O F", "atoms: 3 to 9", "licence: MIT"):
        assert words in out


def test_export_makes_a_folder_that_samples(here: Path, training_checkpoint: Path) -> None:
    card = {
        "name": "mine",
        "description": "a test",
        "sampling": {"class_path": "molgen.sampling.AncestralSampler", "init_args": {"steps": 2}},
        "reference": "",
        "training": {},
        "metrics": [],
    }
    (here / "card.yaml").write_text(json.dumps(card))
    assert main(["export", str(training_checkpoint), "-o", "mine", "--card", "card.yaml"]) == 0
    assert sample(Path("mine"), "-n", "2", "-o", "two.sdf") == 0
    assert len(read_molecules(here / "two.sdf")) == 2


def test_without_words_the_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    out = capsys.readouterr().out
    for name in ("sample", "evaluate", "prepare", "fit", "validate", "--debug"):
        assert name in out


def test_a_failed_write_keeps_the_old_file(here: Path) -> None:
    target = here / "kept.sdf"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_path(target) as partial:
        partial.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert list(here.iterdir()) == [target]
