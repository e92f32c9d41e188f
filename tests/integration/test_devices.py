"""A run on two devices ends, with the figures of every callback and a state that loads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import torch
import yaml

from molgen.checkpoint.load import load_checkpoint

NETWORK = {"width": 16, "layers": 1, "pair_width": 8, "vectors": 4, "heads": 2}
TINY = {
    "model": {
        "denoiser": {
            "class_path": "molgen.denoisers.JointDenoiser",
            "init_args": {"network": {"class_path": "molgen.denoisers.Transformer", "init_args": NETWORK}},
        },
        "optimization": {
            "class_path": "molgen.training.Optimization",
            "init_args": {"optimizer": {"class_path": "molgen.training.muon.MuonAdamW"}},
        },
    },
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


def test_two_devices_train_one_network(tmp_path: Path) -> None:
    tiny = tmp_path / "tiny.yaml"
    tiny.write_text(yaml.safe_dump(TINY))
    run = tmp_path / "run"
    words = [
        "fit",
        "--config",
        "configs/experiment/joint_small.yaml",
        "--config",
        str(tiny),
        "--run",
        str(run),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "molgen", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (figures,) = run.glob("csv/version_*/metrics.csv")
    header = figures.read_text().splitlines()[0].split(",")
    assert {"val/loss", "val/bonded/atom_stability", "val/tasks/formula/bonded/valid_and_connected"} <= set(
        header
    )
    last = run / "checkpoints" / "last.ckpt"
    assert torch.load(last, weights_only=True)["global_step"] == 3
    assert load_checkpoint(str(last)).denoiser.self_conditioned
