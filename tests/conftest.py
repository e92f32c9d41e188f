"""Fixtures shared by all tests: parts built from the shipped YAML the way the command line builds them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import settings
from jsonargparse import ArgumentParser

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
