"""Validation logs how well each task of the mixture is met."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
TINY = {
    "model": {
        "denoiser": {
            "class_path": "molgen.denoisers.JointDenoiser",
            "init_args": {
                "network": {
                    "class_path": "molgen.denoisers.Transformer",
                    "init_args": {"width": 16, "layers": 1, "pair_width": 8, "vectors": 4, "heads": 2},
                }
            },
        },
    },
    "data": {"root": "tests/fixtures/qm9_200", "batch_size": 8},
    "trainer": {
        "accelerator": "cpu",
        "max_steps": 2,
        "val_check_interval": 2,
        "limit_val_batches": 1,
        "log_every_n_steps": 1,
        "enable_model_summary": False,
        "logger": {
            "class_path": "pytorch_lightning.loggers.CSVLogger",
            "init_args": {"save_dir": ".", "name": "csv"},
        },
    },
}


def test_every_task_is_logged(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(TINY))
    configs = ["configs/experiment/joint_small.yaml", str(tmp_path / "tiny.yaml")]
    words = [word for config in configs for word in ("--config", config)]
    subprocess.run(
        [sys.executable, "-m", "molgen", "fit", *words, "--run", str(tmp_path / "run")],
        check=True,
        capture_output=True,
        timeout=600,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    (log,) = tmp_path.rglob("metrics.csv")
    with log.open(newline="") as handle:
        logged = {name for row in csv.DictReader(handle) for name, value in row.items() if value}
    tasks = {"formula", "conformer", "refine", "bonds", "fragment", "pieces"}
    figures = {"bonded/valid_and_connected", "edm/molecule_stability"}
    assert {name for name in logged if name.startswith("val/tasks/")} == {
        f"val/tasks/{task}/{figure}" for task in tasks for figure in figures
    }
