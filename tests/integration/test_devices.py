"""A run on two devices ends, with the figures of every callback and a state that loads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import yaml

from molgen.checkpoint.load import load_checkpoint

OPTIMIZATION = {
    "class_path": "molgen.training.Optimization",
    "init_args": {"optimizer": {"class_path": "molgen.training.muon.MuonAdamW"}},
}
TINY = {
    "data": {"root": "tests/fixtures/qm9_200", "batch_size": 8},
    "trainer": {
        "accelerator": "cpu",
        "devices": 2,
        "strategy": "ddp",
        "max_steps": 3,
        "val_check_interval": 3,
        "limit_val_batches": 1,
        "enable_model_summary": False,
        "logger": {
            "class_path": "pytorch_lightning.loggers.CSVLogger",
            "init_args": {"save_dir": ".", "name": "csv"},
        },
    },
}


def test_two_devices_train_one_network(
    tmp_path: Path, command: Callable[..., None], small_joint: dict[str, Any]
) -> None:
    tiny = tmp_path / "tiny.yaml"
    model = {"denoiser": small_joint, "optimization": OPTIMIZATION}
    tiny.write_text(yaml.safe_dump({**TINY, "model": model}))
    run = tmp_path / "run"
    configs = ["--config", "configs/experiment/joint_small.yaml", "--config", str(tiny)]
    command("fit", *configs, "--run", str(run))
    (figures,) = run.glob("csv/version_*/metrics.csv")
    header = figures.read_text().splitlines()[0].split(",")
    assert {"val/loss", "val/bonded/atom_stability", "val/tasks/formula/bonded/valid_and_connected"} <= set(
        header
    )
    last = run / "checkpoints" / "last.ckpt"
    assert torch.load(last, weights_only=True)["global_step"] == 3
    assert load_checkpoint(str(last)).denoiser.self_conditioned
