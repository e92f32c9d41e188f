"""Hand-made settings: the joint noise on QM9's elements, and statistics whose every number is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from molgen.checkpoint.generator import MoleculeGenerator, load
from molgen.control import Setting
from molgen.core import Vocab
from molgen.data.size_prior import SizePrior
from molgen.data.statistics import PropertyHistogram, TrainingStatistics
from molgen.noise import JointNoise

JOINT = Path(__file__).parents[3] / "configs" / "noise" / "joint.yaml"

SIZES = {3: 200, 5: 300, 9: 500}
FORMULAS = {"CH4": 6, "C2H6": 3, "C2H6O": 1, "H2O": 2, "C2H4": 4}
COUNTS = [[30, 10, 0, 0], [10, 10, 10, 10], [0, 0, 10, 30]]
"""By size and bin: small molecules have a small gap."""


@pytest.fixture(scope="session")
def joint_noise(build: Callable[[Path, object], Callable[..., JointNoise]], vocab: Vocab) -> JointNoise:
    return build(JOINT, Callable[[Vocab], JointNoise])(vocab)


@pytest.fixture(scope="session")
def histogram() -> PropertyHistogram:
    """Bins of width 0.1 from 0 to 0.4."""
    edges = torch.tensor([0.0, 0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    return PropertyHistogram(
        edges, torch.tensor(list(SIZES)), torch.tensor(COUNTS), (edges[0].item(), edges[-1].item())
    )


@pytest.fixture(scope="session")
def setting(vocab: Vocab, joint_noise: JointNoise, histogram: PropertyHistogram) -> Setting:
    rings = PropertyHistogram(
        torch.tensor([0.0, 0.8, 1.6, 2.4, 3.2], dtype=torch.float64),
        torch.tensor([9]),
        torch.tensor([[10, 20, 30, 40]]),
        (0.0, 3.2),
    )
    statistics = TrainingStatistics(
        SizePrior(SIZES), FORMULAS, {"gap": histogram, "rings": rings, "tpsa": histogram}
    )
    return Setting(vocab, joint_noise.fields, joint_noise.template, statistics, "handmade")


@pytest.fixture(scope="session")
def without_bonds(setting: Setting, noise: JointNoise) -> Setting:
    """The same of a model that draws no bonds."""
    return replace(setting, fields=noise.fields, blank=noise.template)


@pytest.fixture(scope="session")
def model() -> MoleculeGenerator:
    """The shipped joint model."""
    return load("qm9", "cpu")
