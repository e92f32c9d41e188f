"""Order of batches: like sizes, shares of ranks, and taking up a run where it stopped."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from molgen.core import MolBatch
from molgen.core.errors import ConfigError
from molgen.data.batching import (
    PreparedBatches,
    ResumableLoader,
    SizeBucketSampler,
    evaluation_batches,
    unprepared,
)
from molgen.data.dataset import MolDataset

SIZES = st.lists(st.integers(1, 30), min_size=12, max_size=120).map(np.array)


def order(sampler: SizeBucketSampler) -> list[list[int]]:
    return [request.positions.tolist() for request in sampler]


@given(sizes=SIZES, batch_size=st.integers(1, 4), ranks=st.integers(1, 3), epoch=st.integers(0, 5))
def test_an_epoch_over_all_ranks(sizes: np.ndarray, batch_size: int, ranks: int, epoch: int) -> None:
    """Every molecule at most once, whole batches only, ranks of equal length, like sizes together."""
    samplers = [SizeBucketSampler(sizes, batch_size, seed=4, rank=r, world_size=ranks) for r in range(ranks)]
    for sampler in samplers:
        sampler.epoch = epoch
    shares = [order(sampler) for sampler in samplers]
    expected = len(sizes) // (batch_size * ranks)
    assert [len(share) for share in shares] == [len(s) for s in samplers] == [expected] * ranks
    batches = list(chain.from_iterable(shares))
    assert {len(batch) for batch in batches} == {batch_size}
    used = list(chain.from_iterable(batches))
    assert len(used) == len(set(used)) == expected * batch_size * ranks
    # Batches cut from the sorted sizes do not overlap, so their ranges add up to at most the whole range.
    assert sum(np.ptp(sizes[batch]) for batch in batches) <= np.ptp(sizes)


def test_order_depends_on_seed_and_epoch_alone(dataset: MolDataset) -> None:
    sampler, same, other = (SizeBucketSampler(dataset.num_atoms, 16, seed=s) for s in (1, 1, 2))
    first = order(sampler)
    assert first == order(sampler) == order(same)
    assert first != order(other)
    sampler.epoch = 1
    assert first != order(sampler)
    sampler.epoch = 0
    assert first == order(sampler)


def test_surplus_changes_from_epoch_to_epoch(dataset: MolDataset) -> None:
    sampler = SizeBucketSampler(dataset.num_atoms, 16, seed=0)
    left_out = []
    for epoch in range(3):
        sampler.epoch = epoch
        left_out.append(set(range(200)) - set(chain.from_iterable(order(sampler))))
    assert [len(s) for s in left_out] == [8, 8, 8]
    assert len(left_out[0] | left_out[1] | left_out[2]) > 8


def test_batches_are_not_in_size_order(dataset: MolDataset) -> None:
    means = [dataset.num_atoms[r.positions].mean() for r in SizeBucketSampler(dataset.num_atoms, 8, seed=0)]
    assert means != sorted(means)


@pytest.mark.parametrize(("batch_size", "ranks"), [(0, 1), (201, 1), (101, 2)])
def test_too_few_molecules_are_refused(dataset: MolDataset, batch_size: int, ranks: int) -> None:
    with pytest.raises(ConfigError, match="the split has 200"):
        SizeBucketSampler(dataset.num_atoms, batch_size, seed=0, world_size=ranks)


def loader(dataset: MolDataset, workers: int = 0) -> ResumableLoader:
    sampler = SizeBucketSampler(dataset.num_atoms, 40, seed=5)
    return ResumableLoader(PreparedBatches(dataset, unprepared, 5), sampler, workers)


def shaken(batch: MolBatch, generator: torch.Generator) -> MolBatch:
    """A preparation that draws."""
    return batch.replace(pos=batch.pos + torch.randn(batch.pos.shape, generator=generator))


@pytest.mark.parametrize("workers", [0, 1])
def test_prepared_batches_depend_on_seed_epoch_and_molecules_alone(dataset: MolDataset, workers: int) -> None:
    """The same in a loader process and by direct access; another seed or epoch, other draws."""
    sampler = SizeBucketSampler(dataset.num_atoms, 40, seed=5)
    direct = [PreparedBatches(dataset, shaken, 5)[request] for request in sampler]
    assert_same_batches(list(ResumableLoader(PreparedBatches(dataset, shaken, 5), sampler, workers)), direct)
    sampler.epoch = 0
    other = [PreparedBatches(dataset, shaken, 6)[request] for request in sampler]
    assert all(not torch.equal(one.pos, two.pos) for one, two in zip(direct, other, strict=True))
    later = [PreparedBatches(dataset, shaken, 5)[request._replace(epoch=1)] for request in sampler]
    assert all(not torch.equal(one.pos, two.pos) for one, two in zip(direct, later, strict=True))


def assert_same_batches(one: list[MolBatch], other: list[MolBatch]) -> None:
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert torch.equal(a.mask, b.mask)
        assert torch.equal(a.pos, b.pos)


@pytest.mark.parametrize("given_batches", range(11))
def test_resumed_loader_goes_on_with_exactly_what_was_left(dataset: MolDataset, given_batches: int) -> None:
    """Over two epochs of five batches, stopped after any number of them."""
    whole = loader(dataset)
    expected = [batch for _ in range(3) for batch in whole]
    stopped = loader(dataset)
    stream = chain.from_iterable(stopped for _ in range(3))
    seen = [next(stream) for _ in range(given_batches)]
    assert_same_batches(seen, expected[:given_batches])
    resumed = loader(dataset)
    resumed.load_state_dict(stopped.state_dict())
    rest = list(resumed)
    assert len(rest) == 5 - given_batches % 5
    rest += [batch for _ in range(2) for batch in resumed]
    wanted = expected[given_batches:]
    assert_same_batches(rest[: len(wanted)], wanted)


def test_an_epoch_that_is_counted_out_begins_the_next(dataset: MolDataset) -> None:
    """Lightning takes ``len(loader)`` batches and never asks for one more."""
    counted = loader(dataset)
    epochs = []
    for _ in range(3):
        stream = iter(counted)
        epochs.append([next(stream) for _ in range(len(counted))])
    assert_same_batches(
        list(chain.from_iterable(epochs)), [b for e in range(3) for b in whole_epoch(dataset, e)]
    )
    assert counted.state_dict() == {"epoch": 2, "given": 5}


def whole_epoch(dataset: MolDataset, epoch: int) -> list[MolBatch]:
    """The batches of one epoch."""
    fresh = loader(dataset)
    fresh.load_state_dict({"epoch": epoch, "given": 0})
    return list(fresh)


def test_state_of_a_resumed_loader_counts_from_the_epoch_start(dataset: MolDataset) -> None:
    resumed = loader(dataset)
    resumed.load_state_dict({"epoch": 2, "given": 3})
    assert resumed.state_dict() == {"epoch": 2, "given": 3}
    next(iter(resumed))
    assert resumed.state_dict() == {"epoch": 2, "given": 4}


def test_evaluation_batches_hold_every_molecule_once(dataset: MolDataset) -> None:
    batches = evaluation_batches(dataset.num_atoms, 48)
    assert sorted(len(b) for b in batches) == [8, 48, 48, 48, 48]
    assert sorted(np.concatenate(batches).tolist()) == list(range(200))
    by_size = sorted(batches, key=lambda batch: dataset.num_atoms[batch].mean())
    assert (np.diff(dataset.num_atoms[np.concatenate(by_size)]) >= 0).all(), (
        "neighbours in size share a batch"
    )
    assert (np.diff(dataset.num_atoms[np.concatenate(batches)]) < 0).any(), (
        "the first batches are not the smallest"
    )
