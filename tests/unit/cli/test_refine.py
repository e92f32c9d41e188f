"""``molgen refine`` end to end: files, records, and input that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from molgen.chem.conformers import embed
from molgen.chem.io import read_molecules, write_molecules
from molgen.cli.main import main

SMILES = ["CCO", "CCBr", "C[C@H](O)C#N", "not a smiles"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a file of two suitable molecules and two others."""
    monkeypatch.chdir(tmp_path)
    write_molecules([embed(smiles) for smiles in SMILES], tmp_path / "in.sdf")
    return tmp_path


def refine(*words: str) -> int:
    """Run ``molgen refine`` on the CPU in few steps."""
    return main(["refine", "--device", "cpu", "--steps", "2", *words])


def test_refine_writes_every_record_and_says_what_it_did(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refine("in.sdf", "-o", "out.sdf", "--strength", "0.05") == 0
    before, after = read_molecules("in.sdf"), read_molecules("out.sdf")
    assert [m.record["refined"] for m in after] == [1, 0, 1, 0]
    assert [m.smiles for m in after] == [m.smiles for m in before]
    assert [np.array_equal(a.pos, b.pos) for a, b in zip(before, after, strict=True)] == [
        False,
        True,
        False,
        True,
    ]
    assert "does not know Br" in after[1].record["unrefined"]
    record = json.loads((here / "out.run.json").read_text())
    assert (record["written"], record["refined"], record["nfe"]) == (4, 2, 2)
    assert record["options"]["strength"] == 0.05
    assert record["checkpoint"] == "qm9" and record["checkpoint_sha256"]
    assert sum(record["unrefined"].values()) == 2
    printed = capsys.readouterr().out
    assert "out.sdf: 2 of 4 molecules refined" in printed
    assert "1 left as they were: the checkpoint 'qm9' does not know Br" in printed


def test_a_file_of_which_nothing_can_be_refined_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_molecules([embed("CCBr"), embed("CCCBr")], here / "bromides.sdf")
    assert refine("bromides.sdf", "-o", "out.sdf") == 2
    assert "none of the 2 molecules of bromides.sdf can be refined; 2 of them" in capsys.readouterr().err
    assert not list(here.glob("out*"))


def test_nothing_is_drawn(here: Path) -> None:
    for name, strength in [("a", "0.1"), ("b", "0.1"), ("c", "0.2")]:
        assert refine("in.sdf", "-o", f"{name}.sdf", "--strength", strength) == 0
    first, again, other = [(here / f"{name}.sdf").read_bytes() for name in "abc"]
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nope.sdf"], "cannot read nope.sdf"),
        (["in.xyz"], "in.xyz is no SDF; refine reads and writes .sdf"),
        (["in.sdf", "-o", "out.npz"], "out.npz is no SDF"),
        (["in.sdf", "--strength", "2"], "--strength 2 is not in (0, 0.3]"),
        (["in.sdf", "--strength", "much"], "--strength: needs float, got 'much'"),
        (["in.sdf", "--steps", "0"], "--steps: needs a whole number >= 1, got '0'"),
        (["in.sdf", "--checkpoint", "nope"], "no checkpoint 'nope'"),
        (["in.sdf", "--checkpoint", "edm"], "refine needs a model that draws bonds"),
        (["in.sdf", "-o", "folder.sdf"], "it is a folder; name a file in it"),
        (["cut.sdf"], "cut.sdf ends inside record 1"),
        ([], "the following arguments are required: file"),
    ],
)
def test_bad_input_is_one_line(
    here: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    (here / "folder.sdf").mkdir()
    (here / "cut.sdf").write_text((here / "in.sdf").read_text()[:100])
    capsys.readouterr()
    before = sorted(here.rglob("*"))
    assert main(["refine", *words]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("molgen: error: ")
    assert message in lines[0]
    assert sorted(here.rglob("*")) == before
