"""A small property network with weights that are not special, and molecules to ask it about."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from molgen.core import MolBatch, Vocab
from molgen.core.geometry import centre
from molgen.regression import (
    AtomSum,
    AttentionMean,
    BesselBasis,
    DipoleLength,
    PropertyNetwork,
    Readout,
)

Build = Callable[..., PropertyNetwork]


def readouts() -> dict[str, Readout]:
    """One of each kind."""
    return {
        "mu": DipoleLength(1.5),
        "alpha": AtomSum(3.0, [1.1, 8.3, 6.7, 3.7, 2.3]),
        "homo": AttentionMean(0.02, -0.24),
    }


@pytest.fixture
def build_network(vocab: Vocab) -> Build:
    """Function that builds a small network, the same weights every time."""

    def build(cutoff: float = 5.0, layers: int = 2, width: int = 16) -> PropertyNetwork:
        with torch.random.fork_rng():
            torch.manual_seed(3)
            return PropertyNetwork(
                vocab, readouts(), BesselBasis(6, cutoff), width=width, layers=layers, messages=4
            )

    return build


@pytest.fixture
def network(build_network: Build) -> PropertyNetwork:
    """A small network in float64."""
    return build_network().double()


@pytest.fixture
def molecules(generator: torch.Generator) -> MolBatch:
    """Random atoms in float64, sizes 9, 5, 1 and 7."""
    mask = torch.arange(9) < torch.tensor([9, 5, 1, 7]).unsqueeze(1)
    pos = 2 * torch.randn(4, 9, 3, generator=generator, dtype=torch.float64)
    kinds = torch.randint(0, 5, mask.shape, generator=generator)
    atom = torch.nn.functional.one_hot(kinds, 5).double()
    return MolBatch(mask=mask, pos=centre(pos, mask), atom=atom).masked()
