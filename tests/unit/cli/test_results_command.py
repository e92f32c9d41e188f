"""``molgen results`` from what ``sample`` and ``evaluate`` really write, and ``evaluate --beside quoted``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch

import molgen
from molgen.cli.main import main

pytest.importorskip("matplotlib")
SHIPPED = Path(molgen.__file__).parent / "weights"


@pytest.fixture
def folder(tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two seeds of a network with random weights, judged together by the protocol edm."""
    monkeypatch.chdir(tmp_path)
    folder = Path("made here")
    files = [str(folder / f"tiny-2-{seed}.sdf") for seed in (0, 1)]
    for seed, file in enumerate(files):
        words = ["-n", "3", "-o", file, "--checkpoint", str(tiny_checkpoint), "--seed", str(seed)]
        assert main(["sample", *words, "--device", "cpu"]) == 0
    words = ["--protocol", "edm", "--beside", "quoted", "--html", "page.html"]
    assert main(["evaluate", *files, *words, "--json", str(folder / "tiny.eval.json")]) == 0
    return folder


def test_results_of_what_other_commands_write(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["results", str(folder), "-o", "page/results.md"]) == 0
    assert "page/results.md: 1 results" in capsys.readouterr().out
    page = Path("page/results.md").read_text()
    assert "molgen results 'made here' -o page/results.md" in page
    assert "molgen sample -n 3 -o 'made here/tiny-2-1.sdf'" in page and "--seed 1" in page
    assert "--protocol edm --seed 0 --json 'made here/tiny.eval.json'" in page
    threads = torch.get_num_threads()
    assert any(f"| tiny | {nfe} | cpu, {threads} threads | 6 |" in page for nfe in (2, 3))
    assert "Learning curve" not in page and "Requests" not in page
    assert sorted(path.name for path in Path("page").iterdir()) == ["quality_against_time.svg", "results.md"]


def test_a_card_says_the_results_of_its_own_weights(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = json.loads(Path("tiny/card.json").read_text())
    capsys.readouterr()
    assert main(["results", str(folder), "-o", "page.md", "--card", "tiny"]) == 0
    after = json.loads(Path("tiny/card.json").read_text())
    assert f"tiny: {len(after['metrics'])} figures" in capsys.readouterr().out
    page = Path("page.md").read_text()
    assert "-o page.md --card tiny" in page
    assert {**after, "metrics": before["metrics"]} == before
    stability, *_ = [row for row in after["metrics"] if "atom stability" in row["name"]]
    assert re.fullmatch(r"edm protocol, atom stability \([23] NFE, 2 x 3 molecules\)", stability["name"])
    assert stability["command"] == "see page.md"
    value, unit = stability["value"].rsplit(" ", 1)
    assert unit == "%" and f"| {value} |" in page
    for card, told in [("qm9", "qm9 is no folder"), (str(SHIPPED / "qm9"), "no result is of the weights in")]:
        assert main(["results", str(folder), "-o", "other.md", "--card", card]) == 2
        assert told in capsys.readouterr().err
    assert not Path("other.md").exists()


def test_quoted_figures_are_told_apart(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    told = capsys.readouterr().out
    assert "quoted, not measured here" in told and "GeoLDM" in told and "QM9 test" not in told
    content = json.loads((folder / "tiny.eval.json").read_text())
    assert content["quoted"]["edm"]["rows"][0]["figures"]["validity"]["value"] == 91.9
    assert "quoted" not in content["protocols"]["edm"]
    page = Path("page.html").read_text()
    assert "<h2>Published figures</h2>" in page and "second hand" in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing here"], "has no *.eval.json; make results fills such a folder"),
        (["made here", "-o", "page.html"], "name a file that ends in .md"),
        (["made here", "--curve", "none.json"], "cannot read none.json as JSON"),
    ],
)
def test_mistakes_are_told_in_one_line(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["results", *words]) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1
