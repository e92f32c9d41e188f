"""The program waits politely, and only because nothing else was asked of it."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from molgen.cli.entry import SPINS, yield_to_others


@pytest.mark.parametrize(
    ("given", "spins"),
    [({}, SPINS), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "active"}, None)],
)
def test_waiting_is_short_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], spins: str | None
) -> None:
    monkeypatch.setattr(os, "environ", dict(given))
    yield_to_others()
    assert os.environ.get("GOMP_SPINCOUNT") == spins


@pytest.mark.skipif(platform.system() != "Linux", reason="other systems' torch has another OpenMP library")
@pytest.mark.parametrize("program", [["molgen"], [sys.executable, "-m", "molgen"]])
def test_the_library_has_read_it_when_a_command_runs(program: list[str]) -> None:
    """The library says what it goes by when it is loaded, which is too late to set anything."""
    beside = str(Path(sys.executable).parent)
    installed = shutil.which(program[0], path=os.pathsep.join([beside, os.environ["PATH"]]))
    assert installed is not None
    asked = {k: v for k, v in os.environ.items() if k not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    run = subprocess.run(
        [installed, *program[1:]],
        check=True,
        capture_output=True,
        text=True,
        env=asked | {"OMP_DISPLAY_ENV": "VERBOSE"},
    )
    assert "usage: molgen COMMAND" in run.stdout
    assert f"GOMP_SPINCOUNT = '{SPINS}'" in run.stderr
