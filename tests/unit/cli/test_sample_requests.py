"""``molgen sample`` with requests, on the shipped model at few steps: file, record and report agree."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from molgen.chem.conformers import embed
from molgen.chem.io import read_molecules, write_molecules
from molgen.cli.main import main
from molgen.control.wholeness import not_whole
from molgen.core.formula import formula_counts


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and a terminal wide enough for a table."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path


def sample(*words: str) -> int:
    """Run ``molgen sample`` on the CPU."""
    return main(["sample", "--device", "cpu", "--steps", "5", *words])


def test_formula_end_to_end(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sample("-n", "8", "-o", "eight.sdf", "--formula", "C3H7NO") == 0
    molecules = read_molecules(here / "eight.sdf")
    record = json.loads((here / "eight.run.json").read_text())
    assert len(molecules) == record["written"] == 8
    for molecule in molecules:
        assert formula_counts(molecule.formula) == {"C": 3, "H": 7, "N": 1, "O": 1}
        whole = molecule.failure is None and not_whole(molecule) is None
        assert molecule.record["satisfied"] == whole
        assert ("unsatisfied" in molecule.record) == (not whole)
    met = sum(int(molecule.record["satisfied"]) for molecule in molecules)
    assert record["satisfied"] == met <= record["valid"]
    assert record["options"]["formula"] == "C3H7NO" and record["options"]["like"] is None
    assert f"{met} of 8 are what was asked" in capsys.readouterr().out


def test_properties_end_to_end(here: Path) -> None:
    """A window of a descriptor is checked on every molecule, and guidance doubles the evaluations."""
    words = ["--property", "tpsa=20-40", "--property", "gap=0.25", "--guidance", "2"]
    assert sample("-n", "6", "-o", "six.sdf", *words) == 0
    record = json.loads((here / "six.run.json").read_text())
    molecules = read_molecules(here / "six.sdf")
    for molecule in molecules:
        if molecule.record["satisfied"]:
            assert 20 <= float(molecule.record["tpsa"]) <= 40
            assert molecule.mol is not None and not_whole(molecule) is None
    assert record["nfe_unrepaired"] % 2 == 0
    assert record["satisfied"] == sum(int(m.record["satisfied"]) for m in molecules)


def test_a_range_of_formulas_with_sizes(here: Path) -> None:
    assert sample("-n", "6", "-o", "six.sdf", "--formula", "C4-5 O1", "--num-atoms", "10-14") == 0
    for molecule in read_molecules(here / "six.sdf"):
        counts = formula_counts(molecule.formula)
        assert counts["C"] in (4, 5) and counts["O"] == 1 and counts.keys() <= {"C", "O", "H"}
        assert 10 <= molecule.num_atoms <= 14


def test_without_a_request_nothing_is_said_of_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sample("-n", "2", "-o", "two.sdf", "--num-atoms", "9") == 0
    assert json.loads((here / "two.run.json").read_text())["satisfied"] is None
    assert all("satisfied" not in molecule.record for molecule in read_molecules(here / "two.sdf"))
    assert "what was asked" not in capsys.readouterr().out


def test_analogues_lie_over_their_parent(here: Path) -> None:
    parent = embed("OCC1CCCO1")
    write_molecules([parent], here / "parent.sdf")
    assert sample("-n", "3", "-o", "three.sdf", "--like", "parent.sdf", "--strength", "0.1") == 0
    for molecule in read_molecules(here / "three.sdf"):
        assert molecule.record["parent"] == molecule.smiles == "OCC1CCCO1"
        assert molecule.record["similarity"] == 1 and molecule.record["satisfied"] == 1
        assert np.abs(molecule.pos - parent.pos).max() < 0.6


def test_only_satisfied_keeps_those_and_counts_the_others(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["-n", "6", "-o", "kept.sdf", "--like", "CC1CC1C#N", "--strength", "1", "--budget", "24"]
    assert sample(*words, "--repair", "0", "--only", "satisfied,unique") == 0
    molecules = read_molecules(here / "kept.sdf")
    record = json.loads((here / "kept.run.json").read_text())
    assert all(molecule.record["satisfied"] == 1 and molecule.num_fragments == 1 for molecule in molecules)
    assert len({molecule.smiles for molecule in molecules}) == len(molecules) == record["satisfied"]
    assert record["rejected"].keys() <= {"not valid", "not satisfied", "not unique"}
    assert sum(record["rejected"].values()) > 0
    out = capsys.readouterr().out
    assert all(f"{count} {reason}" in out for reason, count in record["rejected"].items())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--only", "satisfied"], "--only satisfied: nothing is asked that molecules could satisfy"),
        (["--only", "valid,satisfied", "--num-atoms", "9"], "nothing is asked that molecules could satisfy"),
        (["--formula", "C2H5"], "has an odd number of electrons"),
        (["--formula", "C2H5Cl"], "does not know Cl; it knows H, C, N, O, F"),
        (["--formula", "c6h6"], "cannot be read at 'c6h6'"),
        (["--property", "colour=0.2"], "knows no colour; it knows mu, alpha, homo, lumo, gap, cv"),
        (["--property", "gap"], "'gap' cannot be read"),
        (["--guidance", "2"], "give some with --property"),
        (["--like", "CCO", "--strength", "2"], "--strength must be above 0 and at most 1, got 2"),
        (["--like", "CCO", "--strength", "0"], "--strength must be above 0 and at most 1, got 0"),
        (["--like", "CCO", "--strength", "much"], "--strength: needs float, got 'much'"),
        (["--like", "CCO", "--formula", "CH4"], "cannot be asked for together"),
        (["--like", "nope.sdf"], "cannot read nope.sdf"),
        (["--like", "CCBr"], "does not know Br"),
        (["--strength", "0.5"], "--strength is understood only beside --like"),
    ],
)
def test_what_cannot_be_asked(
    words: list[str], message: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sample("-n", "2", *words) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("molgen: error: ") and message in lines[0]
    assert list(here.iterdir()) == []
