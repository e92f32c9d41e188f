"""Data sets: preparation, the compact store, dense batches, the size prior."""

from molgen.data.datamodule import MolDataModule
from molgen.data.dataset import MolDataset
from molgen.data.size_prior import SizePrior
from molgen.data.store import MoleculeStore, read_store

__all__ = ["MolDataModule", "MolDataset", "MoleculeStore", "SizePrior", "read_store"]
