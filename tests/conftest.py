"""Fixtures shared by all tests: parts built from the shipped YAML the way the command line builds them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import settings
from jsonargparse import ArgumentParser

from molgen.checkpoint.build import build_model
from molgen.checkpoint.export import CardTexts, export_checkpoint
from molgen.checkpoint.load import CONFIG_KEY, STATISTICS_KEY
from molgen.core import Vocab
from molgen.noise import JointNoise

ROOT = Path(__file__).parents[1]
CONFIGS = ROOT / "configs"

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None, max_examples=30)
settings.load_profile("repeatable")


def build_factory(path: Path, part_type: object) -> Callable[..., Any]:
    """Turn ``{class_path, init_args}`` in a YAML file into a factory, checked against signatures.

    Args:
        path: The file.
        part_type: ``Callable[[A], B]`` gives a factory of ``B`` that awaits an ``A``.
    """
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--part", type=part_type, sub_configs=True)
    return parser.instantiate(parser.parse_args(["--part", str(path)])).part


@pytest.fixture(scope="session")
def build() -> Callable[[Path, object], Callable[..., Any]]:
    """Function ``(path, type) -> factory``; see :func:`build_factory`."""
    return build_factory


@pytest.fixture(scope="session")
def vocab() -> Vocab:
    """QM9's elements."""
    return Vocab(elements=["H", "C", "N", "O", "F"])


@pytest.fixture(scope="session")
def noise(vocab: Vocab) -> JointNoise:
    """EDM's noise on QM9's elements."""
    return build_factory(CONFIGS / "noise" / "edm.yaml", Callable[[Vocab], JointNoise])(vocab)


@pytest.fixture
def generator() -> torch.Generator:
    """A fresh seeded source of randomness."""
    return torch.Generator().manual_seed(0)


TINY_MODEL = {
    "vocab": {"class_path": "molgen.core.Vocab", "init_args": {"elements": ["H", "C", "N", "O", "F"]}},
    "noise": yaml.safe_load((CONFIGS / "noise" / "edm.yaml").read_text()),
    "denoiser": {
        "class_path": "molgen.denoisers.EpsilonDenoiser",
        "init_args": {
            "network": {"class_path": "molgen.denoisers.EGNN", "init_args": {"width": 8, "layers": 1}}
        },
    },
}


@pytest.fixture(scope="session")
def training_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ``.ckpt`` as ``molgen fit`` leaves it, of a tiny network with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        _, _, denoiser = build_model(TINY_MODEL)
    content = {
        CONFIG_KEY: yaml.safe_dump({"model": TINY_MODEL}),
        STATISTICS_KEY: {"sizes": {"3": 1, "5": 4, "9": 5}, "formulas": {}, "properties": {}},
        "state_dict": {f"denoiser.{key}": value for key, value in denoiser.state_dict().items()},
        "global_step": 7,
    }
    path = tmp_path_factory.mktemp("run") / "last.ckpt"
    torch.save(content, path)
    return path


@pytest.fixture
def tiny_checkpoint(training_checkpoint: Path, tmp_path: Path) -> Path:
    """The same, exported to a folder with safetensors and a card, free to be damaged."""
    texts = CardTexts(
        name="tiny",
        description="random weights",
        sampling={"class_path": "molgen.sampling.AncestralSampler", "init_args": {"steps": 2}},
        reference="",
        training={"data": "none"},
        metrics=[],
    )
    folder = tmp_path / "tiny"
    export_checkpoint(training_checkpoint, folder, texts)
    return folder
