"""The 200-molecule store and its parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from molgen.core import Vocab
from molgen.data import MoleculeStore, read_store
from molgen.data.dataset import MolDataset


@pytest.fixture(scope="session")
def root() -> Path:
    """Folder of the small store."""
    return Path(__file__).parents[2] / "fixtures" / "qm9_200"


@pytest.fixture(scope="session")
def store(root: Path) -> MoleculeStore:
    return read_store(root)


@pytest.fixture(scope="session")
def dataset(store: MoleculeStore, vocab: Vocab) -> MolDataset:
    """All 200 molecules with every field."""
    return MolDataset(store, np.arange(len(store)), vocab, ["atom", "charge", "number", "bond"])
