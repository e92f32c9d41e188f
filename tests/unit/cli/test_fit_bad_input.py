"""What the training commands refuse before they start, and what a disk that fills up leaves behind.

The commands run one after another in one fresh process, where Lightning's loggers and W&B write to the real
stderr as they do for a user.
"""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from jsonargparse import Namespace

from molgen.cli.checkpoint_file import AtomicCheckpointIO
from molgen.cli.main import main
from molgen.cli.preflight import (
    PRECISIONS,
    check_checkpoint,
    check_data,
    check_places,
    check_precision,
    check_trainer,
    check_training_seed,
)
from molgen.core.errors import CheckpointError, ConfigError, DataError, InputError

ROOT = Path(__file__).parents[3]
CONFIGS = ["--config", "configs/experiment/edm.yaml", "--config", "tests/integration/tiny.yaml"]

DRIVER = """
import errno, json, os, sys
from pathlib import Path
from molgen.cli.main import main

cases, folder = json.loads(sys.argv[1]), Path(sys.argv[2])
sys.argv = ["molgen"]

whole = Path.write_bytes
def once(path, data):
    if path.name.endswith(".part") and (path.parent / "last.ckpt").exists():
        whole(path, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")
    return whole(path, data)
Path.write_bytes = once

for name, words in cases.items():
    for descriptor, stream in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / f"{name}.{stream}", os.O_CREAT | os.O_WRONLY), descriptor)
    code = main(words)
    sys.stdout.flush(), sys.stderr.flush()
    (folder / f"{name}.code").write_text(str(code))
"""
"""Runs each case with stdout and stderr in files; the disk is full as soon as there is a ``last.ckpt``."""

REFUSED = {
    "unwritable run": (["fit", "--run", "/proc/nope"], "cannot write /proc/nope"),
    "elements that cannot be written": (
        ["fit", "--model.vocab.init_args.elements", "[H, C, N, O]"],
        "holds atomic number [9] that the model's vocabulary lacks",
    ),
    "less than a batch": (
        ["fit", "--data.train_size", "4"],
        "4 training molecules are less than one batch of 8",
    ),
    "unprepared data": (
        ["fit", "--data.root", "{place}"],
        "no prepared data set in {place}; make one with: ",
    ),
    "absent checkpoint": (["fit", "--ckpt_path", "nope.ckpt"], "no checkpoint nope.ckpt; give --ckpt_path"),
    "accelerator": (["fit", "--trainer.accelerator", "abacus"], "'abacus'`. Available names are"),
    "batch size": (["fit", "--data.batch_size", "0"], "data.batch_size must be at least 1, got 0"),
}
TRAINERS = [
    ({"devices": 0, "accelerator": "cpu"}, "devices=0"),
    ({"devices": "many", "accelerator": "cpu"}, "should be an int > 0"),
    ({"strategy": "zzz"}, "strategy='zzz'"),
    ({"num_nodes": 0}, "`num_nodes` must be a positive integer, but got 0"),
    ({"limit_val_batches": -1}, "limit_val_batches"),
    ({"fast_dev_run": -1}, "fast_dev_run=-1"),
]
WEIGHTS = [
    ("fit", "last", "checkpoints/last.ckpt; give --ckpt_path"),
    ("fit", "cut.ckpt", "cannot read the checkpoint .*cut.ckpt: it is damaged"),
    ("fit", "foreign.ckpt", "foreign.ckpt was not written by this version of molgen fit"),
    ("predict", None, "^predict needs trained weights; give --ckpt_path"),
]
FULL_DISK = "full disk"
EVERY_STEP = (
    "--trainer.callbacks=[{class_path: pytorch_lightning.callbacks.ModelCheckpoint, init_args: "
    "{save_last: true, save_top_k: 0, every_n_train_steps: 1}}]"
)


@dataclass(frozen=True)
class Outcome:
    """What one case did.

    Attributes:
        code: Exit code.
        out: Standard output.
        err: Standard error.
        run: The folder named by ``--run``.
        place: What stands for ``{place}``.
    """

    code: int
    out: str
    err: str
    run: Path
    place: Path


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set whose store was cut short, a checkpoint cut short and one of another program."""
    folder = tmp_path_factory.mktemp("damaged")
    source = ROOT / "tests" / "fixtures" / "qm9_200"
    (folder / "manifest.json").write_bytes((source / "manifest.json").read_bytes())
    (folder / "store.npz").write_bytes((source / "store.npz").read_bytes()[:-100])
    torch.save({"state_dict": {}}, folder / "foreign.ckpt")
    (folder / "cut.ckpt").write_bytes((folder / "foreign.ckpt").read_bytes()[:-100])
    return folder


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Outcome of every case by name."""
    folder = tmp_path_factory.mktemp("cases")
    place = folder / "nothing here"
    runs = {name: folder / "runs" / name for name in [*REFUSED, FULL_DISK]}
    cases = {
        name: [
            words[0],
            *CONFIGS,
            "--run",
            str(runs[name]),
            *[word.format(place=place) for word in words[1:]],
        ]
        for name, (words, _) in REFUSED.items()
    }
    quick = ["--trainer.logger=false", "--trainer.max_steps=3", "--trainer.limit_val_batches=0", EVERY_STEP]
    cases[FULL_DISK] = ["fit", *CONFIGS, "--run", str(runs[FULL_DISK]), *quick]
    subprocess.run(
        [sys.executable, "-c", DRIVER, json.dumps(cases), str(folder)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=300,
        check=True,
    )
    return {
        name: Outcome(
            int((folder / f"{name}.code").read_text()),
            (folder / f"{name}.out").read_text(),
            (folder / f"{name}.err").read_text(),
            runs[name],
            place,
        )
        for name in cases
    }


@pytest.mark.parametrize("name", REFUSED)
def test_one_line_and_nothing_left(name: str, outcomes: dict[str, Outcome]) -> None:
    outcome, message = outcomes[name], REFUSED[name][1]
    assert outcome.code == 2, outcome.err
    lines = outcome.err.splitlines()
    assert len(lines) == 1, outcome.err
    assert lines[0].startswith("molgen: error: ")
    assert message.format(place=outcome.place) in lines[0]
    assert outcome.out == ""
    assert not outcome.run.exists()
    assert not outcome.place.exists()


@pytest.mark.parametrize(("options", "message"), TRAINERS)
def test_an_impossible_trainer(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        check_trainer(Namespace(**options))


def test_a_possible_trainer_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    logger = {"class_path": "wandb", "init_args": {}}
    check_trainer(Namespace(accelerator="cpu", devices=1, max_steps=3, logger=[Namespace(**logger)]))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("command", "name", "message"), WEIGHTS)
def test_weights_that_cannot_be_used(command: str, name: str | None, message: str, damaged: Path) -> None:
    given = str(damaged / name) if name and name != "last" else name
    with pytest.raises(CheckpointError, match=message):
        check_checkpoint(command, given, damaged)


def test_weights_that_can(training_checkpoint: Path) -> None:
    check_checkpoint("predict", str(training_checkpoint), training_checkpoint.parent)
    check_checkpoint("fit", None, training_checkpoint.parent)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seeds_out_of_bounds(seed: int) -> None:
    with pytest.raises(ConfigError, match="give a whole number of 0 to 4294967295"):
        check_training_seed(seed)
    check_training_seed(2**32 - 1)


def test_a_data_set_that_was_cut_short(damaged: Path) -> None:
    with pytest.raises(DataError, match=r"store\.npz is missing or not the file its manifest describes"):
        check_data(damaged)
    check_data(ROOT / "tests" / "fixtures" / "qm9_200")


def test_places_are_tried_without_a_trace(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="choose a writable place"):
        check_places([tmp_path / "new" / "config.yaml", tmp_path / "file" / "deep" / "config.yaml"])
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_disk_that_fills_up_keeps_the_last_checkpoint(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[FULL_DISK]
    assert outcome.code == 2, outcome.err
    folder = outcome.run / "checkpoints"
    last = outcome.err.splitlines()[-1]
    assert last.startswith(f"molgen: error: cannot write {folder / 'last.ckpt'}: No space left on device; ")
    assert "Traceback" not in outcome.err
    assert [entry.name for entry in folder.iterdir()] == ["last.ckpt"]
    assert torch.load(folder / "last.ckpt", weights_only=True)["global_step"] == 1


def test_advertisements_are_silent_and_notices_are_not(outcomes: dict[str, Outcome]) -> None:
    err = outcomes[FULL_DISK].err
    assert "Tip:" not in err
    assert "GPU available" in err


def test_a_checkpoint_that_does_not_fit_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, path = AtomicCheckpointIO(), tmp_path / "checkpoints" / "last.ckpt"
    writer.save_checkpoint({"step": 1}, path)
    monkeypatch.setattr("os.replace", _full)
    with pytest.raises(InputError, match="No space left on device; choose a writable place with free space"):
        writer.save_checkpoint({"step": 2}, path)
    assert torch.load(path, weights_only=True) == {"step": 1}
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("filename", ["metrics.csv", None])
def test_a_log_that_does_not_fit(
    filename: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fill_the_disk(*parts: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", filename)

    monkeypatch.setattr("molgen.cli.fit.TrainingCLI", fill_the_disk)
    assert main(["fit"]) == 2
    assert capsys.readouterr().err == (
        f"molgen: error: cannot write {filename or 'the run folder'}: No space left on device; "
        "free some space and go on with --ckpt_path last\n"
    )


def _full(source: Path, target: Path) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("precision", ["64-true", "bf16-true", "16-true", 64])
def test_precisions_that_would_store_other_numbers(precision: str | int) -> None:
    with pytest.raises(ConfigError, match=f"--trainer.precision {precision}: .* 32-true or bf16-mixed"):
        check_precision(precision)


@pytest.mark.parametrize("precision", [None, 32, "32-true", "bf16-mixed", "16-mixed"])
def test_precisions_that_compute_alone(precision: str | int | None) -> None:
    """Lightning would take them too."""
    check_precision(precision)
    assert precision is None or str(precision) in PRECISIONS
