"""Fixtures of the tests against known Gaussians."""

from __future__ import annotations

import pytest
import torch
from exact_gaussian import SIZES, GaussianPositions, Models

from molgen.noise import JointNoise


@pytest.fixture(scope="module")
def positions_only(noise: JointNoise) -> JointNoise:
    """EDM's noise on positions, alone."""
    return JointNoise(noise.vocab, {"pos": noise.processes["pos"]})


@pytest.fixture(scope="module")
def models() -> Models:
    """One random Gaussian per size."""
    generator = torch.Generator().manual_seed(11)
    return {atoms: GaussianPositions.random(atoms, generator) for atoms in SIZES}
