"""The function behind ``molgen evaluate``: files in, table and JSON out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from molgen.chem import Molecule, write_molecules
from molgen.cli.evaluate import Outputs, evaluate_files
from molgen.cli.judging import How
from molgen.cli.main import main
from molgen.core.errors import ConfigError, InputError
from molgen.evaluation import Report
from molgen.evaluation.protocols import SHIPPED


def evaluate_file(
    file: Path, protocol: str = "quick", reference: str | None = None, json: Path | None = None
) -> list[Report]:
    """Judge the molecules of one file; one report per protocol."""
    (subject,) = evaluate_files([file], False, How(protocol, reference), Outputs(json), None)
    return list(subject.reports)


@pytest.fixture
def molecules(ethanol: Molecule, pair: Molecule, not_finite: Molecule, no_atoms: Molecule) -> list[Molecule]:
    return [ethanol, pair, not_finite, no_atoms]


@pytest.mark.parametrize("suffix", ["sdf", "xyz", "npz"])
def test_table_and_json(
    molecules: list[Molecule], suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / f"molecules.{suffix}", tmp_path / "out.json"
    write_molecules(molecules, path)
    reports = evaluate_file(path, reference="qm9", json=out)
    content = json.loads(out.read_text())
    assert (content["file"], content["n"]) == (str(path), 4)
    with_bonds = ["edm", "bonded", "distributions"]
    assert [r.protocol.name for r in reports] == (with_bonds if suffix == "sdf" else ["edm"])
    printed = capsys.readouterr()
    for report in reports:
        metrics = content["protocols"][report.protocol.name]["metrics"]
        assert metrics["validity"]["numerator"] == 2
        for name in set(metrics) & {"novelty", "bond_length_w1"}:
            assert metrics[name]["value"] == report.metrics[name]
        assert f"protocol {report.protocol.name}" in printed.out
    assert printed.out.count("protocol") == len(reports)
    assert "2/4 requested molecules" in printed.out
    assert printed.err == ""


def test_command(molecules: list[Molecule], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "molecules.sdf", tmp_path / "out.json"
    write_molecules(molecules, path)
    assert main(["evaluate", str(path), "--json", str(out)]) == 0
    assert json.loads(out.read_text())["n"] == 4
    path.write_text(path.read_text().rstrip().removesuffix("$$$$"))
    out.unlink()
    capsys.readouterr()
    assert main(["evaluate", str(path), "--json", str(out)]) == 0
    printed = capsys.readouterr()
    assert "record 4" in printed.err and printed.err.count("\n") == 1
    assert json.loads(out.read_text())["n"] == 4


def test_files_without_any_hydrogen_are_told_once(
    ethanol: Molecule, pair: Molecule, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heavy = ethanol.numbers > 1
    bare = Molecule(ethanol.numbers[heavy], ethanol.pos[heavy], np.array([[0, 1, 1], [1, 2, 1]]))
    water = Molecule(pair.numbers[5:], pair.pos[5:], np.array([[0, 1, 1], [0, 2, 1]]))
    assert water.formula == "H2O"
    path, whole = tmp_path / "bare.sdf", tmp_path / "whole.sdf"
    write_molecules([bare, water, bare], path)
    write_molecules([bare, ethanol], whole)
    reports = evaluate_file(path)
    assert len(reports) > 1
    told = capsys.readouterr().err
    assert f"molgen: warning: {path} has carbon and no hydrogen" in told and told.count("\n") == 1
    assert "stability" in told
    evaluate_file(whole)
    assert capsys.readouterr().err == ""


def test_one_protocol_by_name_or_file(molecules: list[Molecule], tmp_path: Path) -> None:
    path, own = tmp_path / "molecules.xyz", tmp_path / "own.yaml"
    write_molecules(molecules, path)
    own.write_text((SHIPPED / "bonded.yaml").read_text().replace("name: bonded", "name: mine"))
    (bonded,) = evaluate_file(path, protocol="bonded")
    (mine,) = evaluate_file(path, protocol=str(own))
    assert (bonded.protocol.name, mine.protocol.name) == ("bonded", "mine")
    assert mine.metrics == bonded.metrics
    assert bonded.bond_sources == {"edm": 2, "none": 2}


def test_json_is_whole_or_absent(molecules: list[Molecule], tmp_path: Path) -> None:
    path = tmp_path / "molecules.xyz"
    write_molecules(molecules, path)
    with pytest.raises(InputError, match="cannot write"):
        evaluate_file(path, json=path / "out.json")
    assert [p.name for p in tmp_path.iterdir()] == ["molecules.xyz"]


def test_mistakes_are_found_before_the_work(tmp_path: Path) -> None:
    missing = tmp_path / "missing.sdf"
    with pytest.raises(ConfigError, match="no protocol"):
        evaluate_file(missing, protocol="nonesuch")
    with pytest.raises(InputError, match="neither shipped"):
        evaluate_file(missing, reference="nonesuch")
    with pytest.raises(InputError, match=r"missing\.sdf"):
        evaluate_file(missing)
