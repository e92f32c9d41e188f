"""Input that cannot be used: one line that says what to do, exit code 2, nothing left behind."""

import errno
import json
from pathlib import Path

import pytest

from molgen.chem import io
from molgen.cli.main import main

ROOT = Path(__file__).parents[3]
WITHOUT_MODEL = [
    (["bogus"], "unknown command 'bogus'; commands are sample"),
    (["sample", "--checkpoint", "nope"], "no checkpoint 'nope': give one of"),
    (["sample", "--checkpoint", "nope.ckpt"], "no checkpoint 'nope.ckpt'"),
    (["sample", "-n", "0"], "--count: needs a whole number >= 1, got '0'"),
    (["sample", "-n", "many"], "--count: needs a whole number >= 1, got 'many'"),
    (["sample", "--repair", "-1"], "--repair: needs a whole number >= 0, got '-1'"),
    (["sample", "--repair", "often"], "--repair: needs a whole number >= 0, got 'often'"),
    (["sample", "--checkpoint", "edm", "--repair", "2"], "--repair 2 needs a model that draws bonds"),
    (["sample", "--steps", "2.5"], "--steps: needs a whole number >= 1, got '2.5'"),
    (["sample", "--batch-size", "0"], "--batch-size: needs a whole number >= 1, got '0'"),
    (["sample", "--seed", "x"], "--seed: needs int, got 'x'"),
    (["sample", "--colour", "red"], "unrecognized arguments: --colour red; molgen sample --help"),
    (["sample", "-o", "molecules.mol2"], "'.mol2'; molecules are kept in .sdf, .xyz, .npz"),
    (["sample", "--only", "pretty"], "choose among valid, connected, unique, novel"),
    (["evaluate", "nope.sdf"], "cannot read nope.sdf"),
    (["evaluate"], "the following arguments are required: file"),
    (["evaluate", "nope.sdf", "--protocol", "zzz"], "there is no protocol 'zzz'"),
    (["info", "nope"], "no checkpoint 'nope'"),
    (["prepare", "qm8"], "unknown data set 'qm8'; known are ['descriptors', 'files', 'qm9']"),
    (["prepare", "qm9", "-o", "/proc/nope"], "choose a writable place"),
]

WITH_MODEL = [
    (["--num-atoms", "500"], "no training molecule has 500 atoms, hydrogens counted; sizes nearest to it: 9"),
    (
        ["--num-atoms", "6-8"],
        "no training molecule has 6 to 8 atoms, hydrogens counted; sizes nearest to it: 5, 9",
    ),
    (["--num-atoms", "0"], "give a number such as 18 or a range such as 15-20"),
    (["--num-atoms", "20-10"], "give a number such as 18 or a range such as 15-20"),
    (["--num-atoms", "abc"], "'abc' is not a size"),
    (["--sampler", "runge"], "unknown sampler 'runge'; choose one of"),
    (["--device", "abacus"], "try --device auto or cpu"),
    (["--budget", "9"], "--budget 9 is understood only beside --only"),
    (["--only", ""], "--only '' is not understood; choose among valid"),
    (["-o", "/proc/nope/molecules.sdf"], "choose a writable place"),
    (["-o", "file.txt/molecules.sdf"], "choose a writable place"),
    (["--seed", "-1"], "--seed -1: give a whole number of 0 to 2147483646"),
    (["--seed", "99999999999999999999"], "give a whole number of 0 to 2147483646"),
    (["-o", "folder.sdf"], "it is a folder; name a file in it"),
]

TRAINING = [
    (["--colour", "red"], "unrecognized arguments: --colour red; molgen fit --help"),
    (["--config", "nope.yaml"], "File does not exist"),
    (["--trainer.max_steps", "abc"], "--trainer.max_steps: needs int, got 'abc'"),
    (
        ["--model.denoiser.init_args.network.init_args.wdth", "8"],
        "--model.denoiser.network: Option 'wdth' is not accepted",
    ),
    ([], "arguments are required"),
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run ``molgen``, demand exit code 2 and a single line on stderr, and return that line."""
    capsys.readouterr()
    code = main(list(words))
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert code == 2
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("molgen: error: ")
    assert captured.out == ""
    return lines[0]


@pytest.mark.parametrize(("words", "message"), WITHOUT_MODEL)
def test_one_line_without_a_model(
    words: list[str], message: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in refused(capsys, *words)
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(("words", "message"), WITH_MODEL)
def test_one_line_with_a_model(
    words: list[str], message: str, here: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "file.txt").touch()
    (here / "folder.sdf").mkdir()
    line = refused(capsys, "sample", "-n", "2", "--checkpoint", str(tiny_checkpoint), *words)
    assert message in line
    assert sorted(entry.name for entry in here.rglob("*")) == ["file.txt", "folder.sdf"]


@pytest.mark.parametrize(("words", "message"), TRAINING)
def test_one_line_from_the_training_parser(
    words: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    config = ["--config", "configs/experiment/edm_small.yaml"] if words else []
    line = refused(capsys, "fit", *config, *words)
    assert message in line
    assert len(line) < 500


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model:\n  bogus: 1\n", "does not accept option 'model.bogus'"),
        ("trainer: [unclosed\n", "did not find expected"),
    ],
)
def test_a_wrong_config_file(
    text: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(ROOT)
    config = tmp_path / "wrong.yaml"
    config.write_text(text)
    assert message in refused(capsys, "fit", "--config", str(config))


def test_a_truncated_sdf(here: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", "-n", "2", "-o", "two.sdf", "--checkpoint", str(tiny_checkpoint)]) == 0
    whole = (here / "two.sdf").read_text()
    (here / "cut.sdf").write_text(whole[: whole.index("$$$$") + 60])
    capsys.readouterr()
    assert main(["evaluate", "cut.sdf", "--json", "figures.json"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert "warning: cut.sdf ends inside record 2" in line and "counts as a failed molecule" in line
    assert json.loads((here / "figures.json").read_text())["n"] == 2


def test_a_full_disk_leaves_no_partial_file(
    here: Path,
    tiny_checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(molecules: object, handle: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(io._WRITERS, ".sdf", full)
    line = refused(capsys, "sample", "-n", "2", "-o", "two.sdf", "--checkpoint", str(tiny_checkpoint))
    assert "cannot write two.sdf: No space left on device" in line
    assert list(here.iterdir()) == []


def test_debug_shows_the_traceback(here: Path) -> None:
    with pytest.raises(Exception, match="no checkpoint 'nope'"):
        main(["sample", "--checkpoint", "nope", "--debug"])
