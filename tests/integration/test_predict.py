"""Train for two steps, draw with the trainer, judge the file: ``fit``, ``predict``, ``evaluate`` in a row."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from molgen.data.store import read_store

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "tests" / "fixtures" / "qm9_200"
CONFIGS = ["--config", "configs/experiment/edm.yaml", "--config", "tests/integration/tiny.yaml"]

DRIVER = (
    "import json, sys; from molgen.cli.main import main; sys.exit(any(map(main, json.loads(sys.argv[1]))))"
)
"""Runs commands one after another in one process, which loads torch once, until one fails."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run, its predictions and their figures."""
    folder = tmp_path_factory.mktemp("predict")
    logger = "{class_path: pytorch_lightning.loggers.CSVLogger, init_args: {save_dir: ., name: csv}}"
    shared = [*CONFIGS, "--run", str(folder / "run"), f"--trainer.logger={logger}"]
    # A run this short reaches neither of the steps at which its own two checkpoints are due.
    every_step = (
        "--trainer.callbacks+={class_path: pytorch_lightning.callbacks.ModelCheckpoint, init_args: "
        "{save_last: true, save_top_k: 0, every_n_train_steps: 1, filename: each}}"
    )
    writer = (
        "--trainer.callbacks+={class_path: molgen.training.callbacks.NpzPredictionWriter, init_args: "
        f"{{folder: {folder / 'drawn'}}}}}"
    )
    commands = [
        ["fit", *shared, every_step, "--trainer.max_steps=2", "--trainer.limit_val_batches=0"],
        ["predict", *shared, writer, "--ckpt_path=last"],
        ["evaluate", str(folder / "drawn" / "samples-rank0.npz"), "--json", str(folder / "figures.json")],
    ]
    result = subprocess.run(
        [sys.executable, "-c", DRIVER, json.dumps(commands)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return folder


def test_predict_draws_the_sizes_of_the_test_split(folder: Path) -> None:
    store = read_store(FIXTURE)
    with np.load(folder / "drawn" / "samples-rank0.npz", allow_pickle=False) as drawn:
        z, x, n = drawn["z"], drawn["x"], drawn["n"]
    assert sorted(n) == sorted(store.num_atoms[store.test])
    assert z.shape == (len(n), n.max()) and x.shape == (*z.shape, 3)
    assert ((z > 0).sum(axis=1) == n).all()
    assert set(np.unique(z)) <= {0, 1, 6, 7, 8, 9}
    assert np.isfinite(x).all()
    assert (x[z == 0] == 0).all() and (x[z > 0] != 0).any(axis=1).all()


def test_evaluate_judges_every_one_of_them(folder: Path) -> None:
    store = read_store(FIXTURE)
    figures = json.loads((folder / "figures.json").read_text())
    assert figures["file"] == str(folder / "drawn" / "samples-rank0.npz")
    assert figures["n"] == len(store.test)
    metrics = figures["protocols"]["edm"]["metrics"]
    assert metrics["molecule_stability"]["denominator"] == len(store.test)
    assert metrics["atom_stability"]["denominator"] == store.num_atoms[store.test].sum()


def test_the_files_are_whole(folder: Path) -> None:
    assert [entry.name for entry in (folder / "drawn").iterdir()] == ["samples-rank0.npz"]
    assert not list(folder.rglob("*.part"))
