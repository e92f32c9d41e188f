"""What a run leaves in its offline W&B folder, read back record by record."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from wandb.proto import wandb_internal_pb2 as messages

BLOCK, FILE_HEADER, CHUNK_HEADER = 32768, 7, 7
FULL, LAST = 1, 4


def records(path: Path) -> Iterator[messages.Record]:
    """Records of a ``.wandb`` file: a LevelDB log whose first block starts with a 7-byte header."""
    data, position, parts = path.read_bytes(), FILE_HEADER, b""
    while position + CHUNK_HEADER <= len(data):
        left = BLOCK - position % BLOCK
        if left < CHUNK_HEADER:
            position += left
            continue
        _, length, kind = struct.unpack("<IHB", data[position : position + CHUNK_HEADER])
        position += CHUNK_HEADER
        parts += data[position : position + length]
        position += length
        if kind in (FULL, LAST):
            record = messages.Record()
            record.ParseFromString(parts)
            yield record
            parts = b""


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished tiny run without any W&B key."""
    folder = tmp_path_factory.mktemp("run")
    configs = ["--config", "configs/experiment/edm.yaml", "--config", "tests/integration/tiny.yaml"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WANDB")}
    subprocess.run(
        [sys.executable, "-m", "molgen", "fit", *configs, "--run", str(folder)],
        check=True,
        capture_output=True,
        timeout=600,
        env={**environment, "OMP_NUM_THREADS": "1", "HOME": str(folder)},
    )
    return folder


def test_the_offline_run_holds_losses_figures_pictures_and_molecules(run_folder: Path) -> None:
    (log,) = run_folder.glob("wandb/offline-run-*/run-*.wandb")
    logged: dict[str, object] = {}
    for record in records(log):
        if record.WhichOneof("record_type") == "history":
            for item in record.history.item:
                logged[item.key or "/".join(item.nested_key)] = json.loads(item.value_json)
    expected = {"train/loss", "train/loss/pos", "train/grad_norm", "val/loss", "val/nll", "val/edm/validity"}
    assert expected <= set(logged)
    assert isinstance(logged["train/loss"], float)
    files = log.parent / "files" / "media"
    assert list(files.glob("images/val/picture_*.png"))
    assert [p for p in logged if p.startswith("val/picture")]
    assert [p for p in logged if p.startswith("val/molecules")]


def test_the_run_folder_holds_configuration_figures_and_checkpoints(run_folder: Path) -> None:
    assert (run_folder / "csv" / "version_0" / "metrics.csv").is_file()
    assert "molgen.denoisers.EGNN" in (run_folder / "csv" / "version_0" / "config.yaml").read_text()
    names = {path.name for path in (run_folder / "checkpoints").glob("*.ckpt")}
    assert "last.ckpt" in names
    assert [name for name in names if name.startswith("best-")]
    assert list((run_folder / "csv" / "version_0" / "media").glob("step-*.png"))


def test_a_training_checkpoint_can_be_sampled_from(run_folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.sdf"
    checkpoint = run_folder / "checkpoints" / "last.ckpt"
    words = ["sample", "-n", "3", "-o", str(output), "--checkpoint", str(checkpoint), "--steps", "2"]
    subprocess.run([sys.executable, "-m", "molgen", *words], check=True, capture_output=True, timeout=300)
    assert output.read_text().count("$$$$") == 3
    assert json.loads((tmp_path / "out.run.json").read_text())["nfe"] == 3
