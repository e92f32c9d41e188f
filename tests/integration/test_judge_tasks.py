"""Validation logs how well each task of the mixture is met."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

TINY = {
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


def test_every_task_is_logged(
    tmp_path: Path, command: Callable[..., None], small_joint: dict[str, Any]
) -> None:
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump({**TINY, "model": {"denoiser": small_joint}}))
    configs = ["configs/experiment/joint_small.yaml", str(tmp_path / "tiny.yaml")]
    words = [word for config in configs for word in ("--config", config)]
    command("fit", *words, "--run", str(tmp_path / "run"))
    (log,) = tmp_path.rglob("metrics.csv")
    with log.open(newline="") as handle:
        logged = {name for row in csv.DictReader(handle) for name, value in row.items() if value}
    tasks = {"formula", "conformer", "refine", "bonds", "fragment", "pieces"}
    figures = {"bonded/valid_and_connected", "edm/molecule_stability"}
    assert {name for name in logged if name.startswith("val/tasks/")} == {
        f"val/tasks/{task}/{figure}" for task in tasks for figure in figures
    }
