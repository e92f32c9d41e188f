"""``molgen sample --scaffold`` from file to file, and what it refuses in one line."""

import json
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDepictor

from molgen.chem.conformers import embed
from molgen.chem.io import read_molecules, write_molecules
from molgen.cli.main import main


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a molecule that the shipped model knows, one it does not, and a drawing."""
    write_molecules([embed("Cc1ccccc1")], tmp_path / "toluene.sdf")
    write_molecules([embed("c1ccsc1")], tmp_path / "thiophene.sdf")
    write_molecules([embed("CC"), embed("CCO")], tmp_path / "two.sdf")
    drawing = Chem.MolFromSmiles("c1ccccc1")
    rdDepictor.Compute2DCoords(drawing)
    with Chem.SDWriter(str(tmp_path / "drawing.sdf")) as writer:
        writer.write(drawing)
    (tmp_path / "broken.sdf").write_text("x\n\n\n 2 1 nonsense\n$$$$\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_from_file_to_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--scaffold", "toluene.sdf", "--scaffold-smarts", "c1ccccc1", "--num-atoms", "14-15"]
    code = main(["sample", "-n", "3", "-o", "out.sdf", "--steps", "5", "--device", "cpu", *words])
    assert code == 0, capsys.readouterr().err
    (source,), drawn = read_molecules("toluene.sdf"), read_molecules("out.sdf")
    ring = [1, 2, 3, 4, 5, 6, *range(10, 15)]
    assert len(drawn) == 3
    for molecule in drawn:
        assert molecule.num_atoms in (14, 15)
        assert np.array_equal(molecule.numbers[:11], source.numbers[ring])
        assert np.abs(molecule.pos[:11] - source.pos[ring]).max() <= 1e-3
    record = json.loads((here / "out.run.json").read_text())
    assert record["options"]["scaffold"] == "toluene.sdf"
    assert record["satisfied"] == sum(int(m.record["satisfied"]) for m in drawn)
    assert f"{record['satisfied']} of 3 are what was asked" in capsys.readouterr().out


REFUSED = [
    (["--scaffold", "nope.sdf"], "cannot read nope.sdf"),
    (["--scaffold", "broken.sdf"], "--scaffold: record 1 cannot be used: record 1 (line 1) cannot be parsed"),
    (["--scaffold", "drawing.sdf"], "--scaffold: record 1 is a drawing in the plane (every z is 0)"),
    (["--scaffold", "thiophene.sdf"], "--scaffold holds S, unknown to the checkpoint 'qm9'; it knows H, C"),
    (["--scaffold", "toluene.sdf", "--attach", "99"], "--attach: atom 99 is not in the scaffold; name one"),
    (["--scaffold", "toluene.sdf", "--attach", "9"], "--attach: atom 9 is a hydrogen"),
    (["--scaffold", "toluene.sdf", "--attach", "3,3"], "--attach names atom 3 twice"),
    (["--scaffold", "toluene.sdf", "--attach", "3;4"], "--attach '3;4' is no list of atoms"),
    (["--scaffold", "toluene.sdf", "--scaffold-smarts", "[F]"], "'[F]' does not occur"),
    (["--scaffold", "two.sdf", "--scaffold-smarts", "C"], "--scaffold holds 2 records"),
    (["--scaffold", "toluene.sdf", "--num-atoms", "5"], "--num-atoms asks for at most 5"),
    (["--scaffold", "toluene.sdf", "--formula", "C6H6"], "--formula 'C6H6' lacks 1 C for the scaffold"),
    (["--scaffold", "toluene.sdf", "--checkpoint", "edm"], "--scaffold needs a model that draws bonds"),
    (["--attach", "3"], "--attach is understood only beside --scaffold"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED, ids=lambda value: str(value)[:60])
def test_refused_in_one_line(
    words: list[str], message: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(here.iterdir())
    assert main(["sample", "-n", "1", "--device", "cpu", *words]) == 2
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == 1
    assert captured.err.startswith("molgen: error: ")
    assert message in captured.err
    assert captured.out == ""
    assert sorted(here.iterdir()) == before
