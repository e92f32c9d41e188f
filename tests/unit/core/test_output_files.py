"""Checking a place to write leaves no trace; a failed write leaves what was there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from molgen.core.errors import InputError
from molgen.core.files import atomic_path, require_other, require_writable


def test_a_writable_place_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    require_writable(tmp_path / "there" / "new" / "deep" / "out.sdf")
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "there"]


def test_places_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot write"):
        require_writable(tmp_path / "file" / "out.sdf")
    with pytest.raises(InputError, match="it is a folder"):
        require_writable(tmp_path)


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(path) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_output_that_is_read_from_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.sdf"
    with pytest.raises(InputError, match="would be overwritten"):
        require_other(tmp_path / "." / "in.sdf", ["CCO", str(path)])
    require_other(tmp_path / "out.sdf", [str(path)])


def test_a_file_that_a_library_keeps_to_its_owner_is_as_readable_as_others(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    with atomic_path(tmp_path / "model.safetensors") as partial:
        save_file({"weight": torch.zeros(2)}, partial)
    assert (tmp_path / "model.safetensors").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_writer_that_writes_nothing_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old")
    with pytest.raises(InputError, match="cannot write"), atomic_path(path):
        pass
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
