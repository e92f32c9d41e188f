"""The LightningDataModule over a prepared store."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from molgen.core.batch import FIELDS, MolBatch
from molgen.core.contracts import BatchPreparation
from molgen.core.errors import ConfigError, DataError
from molgen.core.vocab import Vocab
from molgen.data.batching import (
    DenseBatches,
    PreparedBatches,
    ResumableLoader,
    SizeBucketSampler,
    SizeRequests,
    evaluation_batches,
    unprepared,
)
from molgen.data.dataset import MolDataset
from molgen.data.size_prior import SizePrior
from molgen.data.statistics import TrainingStatistics
from molgen.data.store import MoleculeStore, read_manifest, read_store


class MolDataModule(pl.LightningDataModule):
    """Batches of a prepared data set.

    Args:
        vocab: Alphabet; the command line links it to the model's.
        root: Folder made by ``molgen prepare``.
        fields: Fields that batches carry besides positions; other names are labels, which must be among the
            properties of the store.
        batch_size: Molecules per batch and device.
        num_workers: Loader processes; 0 loads in the training process.
        train_size: Use only the first so many training molecules, or the last so many if it is negative, or
            all. In EDM's conditional protocol the judge has the first half of QM9's and the generator the
            last: 50000 and -50000.
    """

    def __init__(
        self,
        vocab: Vocab,
        root: str = "datasets/qm9",
        fields: list[str] | None = None,
        batch_size: int = 64,
        num_workers: int = 0,
        train_size: int | None = None,
    ) -> None:
        super().__init__()
        if batch_size < 1:
            raise ConfigError(f"data.batch_size must be at least 1, got {batch_size}")
        self.vocab = vocab
        self.root = Path(root)
        self.fields = ["atom", "charge", "bond"] if fields is None else fields
        self.batch_size = batch_size
        self.num_workers = num_workers
        self.train_size = train_size
        self.preparation: BatchPreparation = unprepared
        self._store: MoleculeStore | None = None

    def setup(self, stage: str) -> None:
        """Read the store once.

        Raises:
            DataError: The folder holds no finished store.
        """
        if self._store is None:
            self._store = read_store(self.root)

    def dataset(self, split: str) -> MolDataset:
        """One split as a data set.

        Args:
            split: ``train``, ``validation`` or ``test``.

        Raises:
            DataError: The folder holds no finished store, or one without a property that is asked for.
        """
        self.setup(split)
        assert self._store is not None
        index: NDArray[np.int64] = getattr(self._store, split)
        if split == "train":
            index = index[self.train_size :] if (self.train_size or 0) < 0 else index[: self.train_size]
        fields = [name for name in self.fields if name in FIELDS]
        return MolDataset(self._store, index, self.vocab, fields, self._label_columns())

    def _label_columns(self) -> dict[str, int]:
        """Column of each label among the store's properties.

        Raises:
            DataError: The store has no such property.
        """
        wanted = [name for name in self.fields if name not in FIELDS]
        if not wanted:
            return {}
        properties = read_manifest(self.root).get("properties")
        known = list(properties) if isinstance(properties, dict) else []
        unknown = [name for name in wanted if name not in known]
        if unknown:
            raise DataError(
                f"data.fields names {unknown}, which are neither fields ({', '.join(FIELDS)}) nor properties "
                f"of the molecules in {self.root} ({', '.join(known) or 'it has none'})"
            )
        return {name: known.index(name) for name in wanted}

    @cached_property
    def statistics(self) -> TrainingStatistics:
        """What sampling and requests need to know of the training split."""
        return TrainingStatistics.of(self.dataset("train"))

    @property
    def size_prior(self) -> SizePrior:
        """Histogram of the training split's sizes."""
        return self.statistics.sizes

    def train_dataloader(self) -> ResumableLoader:
        """Shuffled, size-bucketed batches, prepared if training asked for it; each rank gets its share."""
        dataset = self.dataset("train")
        trainer = self.trainer
        sampler = SizeBucketSampler(
            dataset.num_atoms,
            self.batch_size,
            seed=torch.initial_seed() % 2**63,
            rank=trainer.global_rank if trainer else 0,
            world_size=trainer.world_size if trainer else 1,
        )
        batches = PreparedBatches(dataset, self.preparation, sampler.seed)
        on_gpu = trainer is not None and trainer.strategy.root_device.type == "cuda"
        return ResumableLoader(batches, sampler, self.num_workers, pin_memory=on_gpu)

    def _evaluation_loader(self, split: str) -> DataLoader[MolBatch]:
        dataset = self.dataset(split)
        sampler = self._rank_share(dataset.num_atoms)
        return DataLoader(DenseBatches(dataset), batch_size=None, sampler=sampler)

    def _rank_share(self, num_atoms: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """This rank's share of the fixed batches over a split."""
        batches = evaluation_batches(num_atoms, 2 * self.batch_size)
        return batches[self.trainer.global_rank :: self.trainer.world_size] if self.trainer else batches

    def val_dataloader(self) -> DataLoader[MolBatch]:
        """The whole validation split, every molecule once."""
        return self._evaluation_loader("validation")

    def test_dataloader(self) -> DataLoader[MolBatch]:
        """The whole test split, every molecule once."""
        return self._evaluation_loader("test")

    def predict_dataloader(self) -> DataLoader[torch.Tensor]:
        """Sizes to draw molecules of: those of the test split, in batches of like size."""
        sizes = self.dataset("test").num_atoms
        return DataLoader(SizeRequests(sizes), batch_size=None, sampler=self._rank_share(sizes))
