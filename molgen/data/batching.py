"""Batches of molecules of like size, in an order that a resumed run can take up in the middle."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset, Sampler

from molgen.core.batch import MolBatch
from molgen.core.contracts import BatchPreparation
from molgen.core.errors import ConfigError
from molgen.data.dataset import MolDataset


class Request(NamedTuple):
    """A training batch to be made.

    Attributes:
        epoch: Epoch it belongs to.
        positions: ``(B,)`` int64 positions within the split.
    """

    epoch: int
    positions: NDArray[np.int64]


class SizeBucketSampler(Sampler[Request]):
    """Random batches sorted by size, so that almost nothing is padded.

    Each epoch shuffles all molecules by ``(seed, epoch)``, drops the surplus over whole batches at
    random, sorts the rest by size and shuffles the batches.

    Args:
        num_atoms: ``(M,)`` sizes.
        batch_size: Molecules per batch and rank.
        seed: Seed of the order.
        rank: Which of the ranks this is.
        world_size: Number of ranks; each gets every ``world_size``-th batch.

    Raises:
        ConfigError: There are fewer molecules than one batch per rank.
    """

    def __init__(
        self, num_atoms: NDArray[np.int64], batch_size: int, seed: int, rank: int = 0, world_size: int = 1
    ) -> None:
        if batch_size < 1 or len(num_atoms) < batch_size * world_size:
            raise ConfigError(
                f"batch size {batch_size} on {world_size} ranks needs at least as many molecules; the split "
                f"has {len(num_atoms)}"
            )
        self.num_atoms = num_atoms
        self.batch_size = batch_size
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.epoch = 0
        self.start = 0

    def __len__(self) -> int:
        """Batches per epoch and rank."""
        return len(self.num_atoms) // (self.batch_size * self.world_size)

    def epoch_batches(self) -> NDArray[np.int64]:
        """All batches of the present epoch for this rank, ``(len(self), batch_size)`` positions."""
        rng = np.random.default_rng((self.seed, self.epoch))
        used = rng.permutation(len(self.num_atoms))[: len(self) * self.batch_size * self.world_size]
        used = used[np.argsort(self.num_atoms[used], kind="stable")]
        batches = rng.permutation(used.reshape(-1, self.batch_size))
        return batches[self.rank :: self.world_size]

    def __iter__(self) -> Iterator[Request]:
        """Yield the batches of the present epoch from ``start`` on."""
        for positions in self.epoch_batches()[self.start :]:
            yield Request(self.epoch, positions)


class DenseBatches(Dataset[MolBatch]):
    """View of a data set whose items are whole batches, for a loader that does not collate.

    Args:
        dataset: Where the molecules come from.
    """

    def __init__(self, dataset: MolDataset) -> None:
        self.dataset = dataset

    def __getitem__(self, positions: Sequence[int] | NDArray[np.int64]) -> MolBatch:
        """Batch of the molecules at ``positions``."""
        return self.dataset.batch(positions)


class PreparedBatches(Dataset[Any]):
    """Dense batches after a preparation, whose random numbers follow from seed, epoch and molecules alone.

    So a batch is the same whichever worker makes it, and a resumed run makes the batches it would have made.

    Args:
        dataset: Where the molecules come from.
        preparation: What to do to each batch.
        seed: Seed of the run.
    """

    def __init__(self, dataset: MolDataset, preparation: BatchPreparation, seed: int) -> None:
        self.dataset = dataset
        self.preparation = preparation
        self.seed = seed

    def __getitem__(self, request: Request) -> Any:  # noqa: ANN401  (the preparation's choice)
        """Prepared batch of the requested molecules."""
        words = np.concatenate([[self.seed, request.epoch], request.positions]).astype(np.int64).tobytes()
        key = int.from_bytes(hashlib.blake2b(words, digest_size=8).digest(), "little") >> 1
        return self.preparation(self.dataset.batch(request.positions), torch.Generator().manual_seed(key))


def unprepared(batch: MolBatch, generator: torch.Generator) -> MolBatch:
    """The preparation that leaves a batch as it is."""
    return batch


class SizeRequests(Dataset[torch.Tensor]):
    """Sizes of molecules to be drawn; items are batches of sizes.

    Args:
        num_atoms: ``(M,)`` sizes.
    """

    def __init__(self, num_atoms: NDArray[np.int64]) -> None:
        self.num_atoms = torch.from_numpy(num_atoms)

    def __getitem__(self, positions: NDArray[np.int64]) -> torch.Tensor:
        """Sizes at ``positions``, ``(B,)`` int64."""
        return self.num_atoms[positions]


class ResumableLoader(DataLoader[Any]):
    """Training loader whose place in the epoch is part of a checkpoint.

    Lightning saves ``state_dict`` with the training loop; after ``load_state_dict`` the first epoch
    begins where the saved one stood.

    Args:
        dataset: The batches by request.
        sampler: Order of the batches.
        num_workers: Loader processes.
        pin_memory: Page-lock batches for copies to a GPU.
    """

    def __init__(
        self,
        dataset: PreparedBatches,
        sampler: SizeBucketSampler,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__(
            dataset,
            batch_size=None,
            sampler=sampler,
            num_workers=num_workers,
            pin_memory=pin_memory,
            persistent_workers=num_workers > 0,
        )
        self.order = sampler
        self._given = 0

    def __iter__(self) -> Any:  # noqa: ANN401  (torch's own annotation is a private iterator class)
        """Yield batches and count them, from where the last iteration stopped; a whole epoch begins the next.

        Counted here rather than after the last batch: who takes as many batches as there are never runs on.
        """
        self.load_state_dict(self.state_dict())
        for batch in super().__iter__():
            self._given += 1
            yield batch

    def state_dict(self) -> dict[str, int]:
        """Epoch and number of its batches given so far."""
        return {"epoch": self.order.epoch, "given": self._given}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Take up the order where ``state`` was saved."""
        self.order.epoch = state["epoch"] + state["given"] // len(self.order)
        self.order.start = self._given = state["given"] % len(self.order)


def evaluation_batches(num_atoms: NDArray[np.int64], batch_size: int) -> list[NDArray[np.int64]]:
    """Cut a split into batches of like size, every molecule once, in a fixed order.

    The batches are shuffled, so that a run limited to the first few sees all sizes.
    """
    order = np.argsort(num_atoms, kind="stable")
    batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    return [batches[i] for i in np.random.default_rng(0).permutation(len(batches))]
