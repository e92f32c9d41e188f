"""A run killed with SIGKILL and resumed gives the losses of a run that was never stopped."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

EXPERIMENT = "configs/experiment/edm.yaml"
TINY = "tests/integration/tiny.yaml"
STEPS = 12


def command(run: Path, *extra: str) -> list[str]:
    words = ["fit", "--config", EXPERIMENT, "--config", TINY, "--run", str(run)]
    # A checkpoint at every step, so that the kill comes between two of them, in the middle of an epoch.
    every_step = (
        "--trainer.callbacks+={class_path: pytorch_lightning.callbacks.ModelCheckpoint, init_args: "
        "{save_last: true, save_top_k: 0, every_n_train_steps: 1, filename: each}}"
    )
    return [sys.executable, "-m", "molgen", *words, every_step, *extra]


def losses(run: Path) -> dict[int, float]:
    """Training loss by step, over the pieces of a run; a repeated step must have repeated its loss."""
    found: dict[int, float] = {}
    for piece in sorted((run / "csv").glob("version_*/metrics.csv")):
        with piece.open() as stream:
            for row in csv.DictReader(stream):
                if row.get("train/loss"):
                    loss = float(row["train/loss"])
                    assert found.setdefault(int(row["step"]), loss) == loss
    return found


def test_a_killed_run_resumes_exactly(tmp_path: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    subprocess.run(command(whole), check=True, env=environment, capture_output=True, timeout=300)
    process = subprocess.Popen(
        command(broken), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    last = broken / "checkpoints" / "last.ckpt"
    figures = broken / "csv" / "version_0" / "metrics.csv"
    deadline = time.monotonic() + 240
    while not (last.exists() and figures.exists()) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the run ended before it could be killed"
    resumed = command(broken, "--ckpt_path", str(last))
    subprocess.run(resumed, check=True, env=environment, capture_output=True, timeout=300)
    expected, found = losses(whole), losses(broken)
    assert len(expected) == STEPS
    assert found.items() <= expected.items()
    # A state is saved before its step's figures are written: the kill may fall between the two, once.
    assert len(found) >= STEPS - 1
    assert len(list((broken / "csv").glob("version_*"))) == 2, "the killed run left no figures"
