"""The configurations for GPUs, small: a fused optimiser, clipping, validation and sampling in bf16."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

JUDGE = {"class_path": "molgen.evaluation.ProtocolJudge", "init_args": {"protocols": ["edm", "bonded"]}}
SMALL: dict[str, Any] = {
    "data": {"root": "tests/fixtures/qm9_200", "batch_size": 8, "num_workers": 0},
    "trainer": {
        "accelerator": "cpu",
        "max_steps": 2,
        "val_check_interval": 2,
        "limit_val_batches": 1,
        "limit_predict_batches": 1,
        "enable_model_summary": False,
        "logger": {
            "class_path": "pytorch_lightning.loggers.CSVLogger",
            "init_args": {"save_dir": ".", "name": "csv"},
        },
        # All of the configuration's but compilation, which takes minutes.
        "callbacks": [
            {
                "class_path": "molgen.training.callbacks.SampleAndJudge",
                "init_args": {"judge": JUDGE, "count": 2},
            },
            {"class_path": "molgen.training.callbacks.JudgeTasks", "init_args": {"judge": JUDGE, "count": 2}},
            {"class_path": "molgen.training.callbacks.ExponentialMovingAverage"},
            {"class_path": "molgen.training.callbacks.LastModelCheckpoint"},
        ],
    },
}


@pytest.mark.parametrize("name", ["joint_base", "joint_large"])
def test_it_trains_validates_and_predicts(
    name: str, tmp_path: Path, command: Callable[..., None], small_joint: dict[str, Any]
) -> None:
    small, run = tmp_path / "small.yaml", tmp_path / "run"
    writer = {
        "class_path": "molgen.training.callbacks.NpzPredictionWriter",
        "init_args": {"folder": str(tmp_path / "drawn")},
    }
    trainer = {**SMALL["trainer"], "callbacks": [*SMALL["trainer"]["callbacks"], writer]}
    small.write_text(yaml.safe_dump({**SMALL, "model": {"denoiser": small_joint}, "trainer": trainer}))
    words = ["--config", f"configs/experiment/{name}.yaml", "--config", str(small), "--run", str(run)]
    last = run / "checkpoints" / "last.ckpt"
    command("fit", *words)
    command("predict", *words, "--ckpt_path", str(last))
    config = yaml.safe_load((run / "csv" / "version_0" / "config.yaml").read_text())
    optimizer = config["model"]["optimization"]["init_args"]["optimizer"]["init_args"]
    assert config["trainer"]["precision"] == "bf16-mixed" and config["trainer"]["gradient_clip_val"] == 1.0
    assert optimizer["fused"]
    state = torch.load(last, weights_only=True)
    assert state["global_step"] == 2
    assert all(weight.isfinite().all() for weight in state["state_dict"].values())
    assert list((tmp_path / "drawn").iterdir())
