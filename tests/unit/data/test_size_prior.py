"""The distribution of sizes is the training histogram, and nothing outside it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from molgen.core.errors import InputError
from molgen.data import MoleculeStore, SizePrior

COUNTS = {5: 1, 9: 6, 3: 3}


def test_probabilities_are_shares_of_the_training_set(store: MoleculeStore) -> None:
    sizes = store.num_atoms[store.train]
    prior = SizePrior.from_sizes(sizes)
    inside = torch.arange(1, 60)
    log_prob = prior.log_prob(inside)
    assert log_prob.dtype == torch.float64
    assert log_prob.exp().sum().item() == pytest.approx(1.0, abs=1e-12)
    shares = [np.mean(sizes == n) for n in inside.tolist()]
    np.testing.assert_allclose(log_prob.exp(), shares, atol=1e-12)


def test_sizes_never_seen_are_impossible() -> None:
    assert SizePrior(COUNTS).log_prob(torch.tensor([0, 1, 4, 10, 1000])).tolist() == [-torch.inf] * 5


def test_draws_follow_the_histogram(generator: torch.Generator) -> None:
    count = 20_000
    drawn = SizePrior(COUNTS).sample(count, generator)
    assert drawn.dtype == torch.int64
    for size, weight in COUNTS.items():
        share = weight / 10
        error = (share * (1 - share) / count) ** 0.5
        assert (drawn == size).double().mean().item() == pytest.approx(share, abs=5 * error)


def test_same_seed_same_sizes() -> None:
    one, other = (SizePrior(COUNTS).sample(50, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, other)


def test_between_keeps_the_proportions() -> None:
    part = SizePrior(COUNTS).between(5, 9)
    assert part.counts == {5: 1, 9: 6}
    assert part.log_prob(torch.tensor([9])).exp().item() == pytest.approx(6 / 7)


@pytest.mark.parametrize(
    ("low", "high", "asked", "near"),
    [(10, 20, "10 to 20", "9"), (4, 4, "4", "3, 5"), (6, 8, "6 to 8", "5, 9")],
)
def test_range_without_molecules_says_what_is_near(low: int, high: int, asked: str, near: str) -> None:
    with pytest.raises(InputError) as caught:
        SizePrior(COUNTS).between(low, high)
    assert str(caught.value) == (
        f"no training molecule has {asked} atoms, hydrogens counted; sizes nearest to it: {near}"
    )


@pytest.mark.parametrize("counts", [{}, {0: 3}, {4: 0}])
def test_histograms_that_are_none_are_refused(counts: dict[int, int]) -> None:
    with pytest.raises(InputError, match="a size histogram needs"):
        SizePrior(counts)
