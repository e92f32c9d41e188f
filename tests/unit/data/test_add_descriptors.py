"""Adding descriptors to a prepared folder: once, beside what was there, and undisturbed by a second call."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from molgen.chem.descriptors import DESCRIPTORS, describe
from molgen.cli.main import main
from molgen.core.errors import DataError
from molgen.data import read_store
from molgen.data.descriptors import add_descriptors
from molgen.data.store import is_complete, read_manifest


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(root, tmp_path / "store"))


def test_columns_are_the_descriptors_of_the_smiles(folder: Path) -> None:
    before = read_store(folder)
    told: list[int] = []
    manifest = add_descriptors(folder, workers=1, progress=told.append)
    after = read_store(folder)
    assert sum(told) == len(after) and is_complete(folder)
    names = list(manifest["properties"])  # type: ignore[call-overload]
    assert names[-len(DESCRIPTORS) :] == list(DESCRIPTORS)
    np.testing.assert_array_equal(after.properties[:, : -len(DESCRIPTORS)], before.properties)
    np.testing.assert_array_equal(after.positions, before.positions)
    expected = describe(Chem.MolFromSmiles(after.smiles[7].decode()))
    assert dict(zip(names, after.properties[7], strict=True)).items() >= expected.items()


def test_a_second_call_changes_nothing(folder: Path) -> None:
    first = add_descriptors(folder, workers=1)
    told: list[int] = []
    assert add_descriptors(folder, workers=1, progress=told.append) == first
    assert not told


def test_by_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prepare", "descriptors", "-o", str(folder), "--workers", "1"]) == 0
    assert "qed" in str(read_manifest(folder)["properties"])
    assert main(["prepare", "descriptors", "in.sdf"]) == 2
    assert "takes a folder with -o" in capsys.readouterr().err


def test_a_folder_without_a_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no prepared data set"):
        add_descriptors(tmp_path, workers=1)
