"""The function behind ``molgen evaluate``: files in, table and JSON out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from molgen.chem import Molecule, write_molecules
from molgen.cli.evaluate import evaluate_file
from molgen.cli.main import main
from molgen.core.errors import ConfigError, InputError


@pytest.fixture
def molecules(ethanol: Molecule, pair: Molecule, not_finite: Molecule, no_atoms: Molecule) -> list[Molecule]:
    return [ethanol, pair, not_finite, no_atoms]


@pytest.mark.parametrize("suffix", ["sdf", "xyz", "npz"])
def test_table_and_json(
    molecules: list[Molecule], suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / f"molecules.{suffix}", tmp_path / "out.json"
    write_molecules(molecules, path)
    report = evaluate_file(path, reference="qm9", json=out)
    content = json.loads(out.read_text())
    assert content["file"] == str(path)
    assert content["n"] == 4
    assert content["metrics"]["validity"]["numerator"] == 2
    assert content["metrics"]["novelty"]["value"] == report.metrics["novelty"]
    printed = capsys.readouterr()
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
    assert main(["evaluate", str(path), "--json", str(out)]) == 2
    printed = capsys.readouterr()
    assert "record 4" in printed.err
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert [p.name for p in tmp_path.iterdir()] == ["molecules.sdf"]


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
