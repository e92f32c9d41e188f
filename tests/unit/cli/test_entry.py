"""The program waits politely, and only because nothing else was asked of it."""

import os
import subprocess
import sys

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


def test_it_is_set_before_torch_is_loaded() -> None:
    code = "import sys, molgen.cli.entry; print('torch' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert loaded.stdout.strip() == "False"
    told = subprocess.run([sys.executable, "-m", "molgen"], check=True, capture_output=True, text=True)
    assert "usage: molgen COMMAND" in told.stdout
