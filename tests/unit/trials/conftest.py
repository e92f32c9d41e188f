"""The shipped model, and two hundred molecules of QM9 of which twenty are a test split."""

from __future__ import annotations

from pathlib import Path

import pytest

from molgen.checkpoint.generator import MoleculeGenerator, load
from molgen.trials import Bench, HeldOut, Occasion

DATA = Path(__file__).parents[2] / "fixtures" / "qm9_200"


@pytest.fixture(scope="session")
def model() -> MoleculeGenerator:
    return load("qm9", "cpu")


@pytest.fixture(scope="session")
def held_out() -> HeldOut:
    return HeldOut.read(DATA, "test", 0)


@pytest.fixture(scope="session")
def occasion(held_out: HeldOut, model: MoleculeGenerator) -> Occasion:
    """Four molecules of the test split."""
    return Occasion(held_out, model.setting, 4)


@pytest.fixture(scope="session")
def bench(model: MoleculeGenerator) -> Bench:
    """Few steps."""
    return Bench(model, steps=3)
