"""Data sets: preparation, the compact store, dense batches, the size prior.

``MolDataModule`` and ``MolDataset`` are imported from their modules: drawing molecules needs neither, and
Lightning and PyTorch Geometric, which they need, take longer to import than all the rest.
"""

from molgen.data.size_prior import SizePrior
from molgen.data.store import MoleculeStore, read_store

__all__ = ["MoleculeStore", "SizePrior", "read_store"]
