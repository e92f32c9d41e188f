"""Fixtures of the tests that run the command line in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def command() -> Callable[..., None]:
    """Function that runs ``molgen`` with the words it is given; the test fails where the command does."""

    def run(*words: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "molgen", *words],
            check=False,
            capture_output=True,
            text=True,
            timeout=600,
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert done.returncode == 0, done.stderr[-3000:]

    return run


@pytest.fixture
def small_joint() -> dict[str, Any]:
    """Configuration of a joint denoiser that takes seconds."""
    network = {"width": 16, "layers": 1, "pair_width": 8, "vectors": 4, "heads": 2}
    return {
        "class_path": "molgen.denoisers.JointDenoiser",
        "init_args": {"network": {"class_path": "molgen.denoisers.Transformer", "init_args": network}},
    }
