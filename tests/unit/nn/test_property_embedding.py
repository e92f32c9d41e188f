"""The embedding of properties: silent at first, blind to the unknown, alive to each value."""

from __future__ import annotations

import pytest
import torch

from molgen.core.errors import ConfigError
from molgen.nn.property_embedding import PropertyEmbedding, Scale

SCALES = {"gap": Scale(0.25, 0.05), "mu": Scale(2.7, 1.5)}


@pytest.fixture
def embedding() -> PropertyEmbedding:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = PropertyEmbedding(SCALES, 16)
        last = made.mix[-1]
        assert isinstance(last, torch.nn.Linear)
        torch.nn.init.normal_(last.weight)
    return made


def test_begins_at_zero() -> None:
    """A network that was trained without conditions is not changed by them."""
    fresh = PropertyEmbedding(SCALES, 16)
    assert not fresh(3, {"gap": torch.tensor([0.1, 0.2, 0.3])}).any()


def test_missing_and_nan_are_the_same_null(embedding: PropertyEmbedding) -> None:
    gap = torch.tensor([0.2, 0.3])
    without = embedding(2, {"gap": gap})
    assert torch.equal(without, embedding(2, {"gap": gap, "mu": torch.full((2,), torch.nan)}))
    nothing = embedding(2, {})
    assert torch.equal(nothing[0], nothing[1]) and nothing.isfinite().all()


def test_a_value_at_the_mean_is_not_unknown(embedding: PropertyEmbedding) -> None:
    """Standard score 0 and "not given" must differ."""
    assert (embedding(1, {"mu": torch.tensor([2.7])}) - embedding(1, {})).abs().max() > 1e-3


def test_each_value_of_each_property_tells(embedding: PropertyEmbedding) -> None:
    values = {"gap": torch.tensor([0.15, 0.20, 0.25, 0.35]), "mu": torch.tensor([0.0, 1.5, 2.7, 6.0])}
    for name, value in values.items():
        rows = embedding(4, {name: value})
        assert torch.pdist(rows).min() > 1e-3, name


def test_gradients_are_finite_where_nothing_is_known(embedding: PropertyEmbedding) -> None:
    embedding(2, {"gap": torch.tensor([torch.nan, 0.2])}).sum().backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is not None and p.grad.isfinite().all() for p in embedding.parameters())


def test_unknown_names_and_scales_are_refused(embedding: PropertyEmbedding) -> None:
    with pytest.raises(ConfigError, match=r"no conditions \['colour'\]; it knows \['gap', 'mu'\]"):
        embedding(1, {"colour": torch.zeros(1)})
    with pytest.raises(ConfigError, match="positive std"):
        PropertyEmbedding({"gap": Scale(0.0, 0.0)}, 8)
    with pytest.raises(ConfigError, match="conditions need"):
        PropertyEmbedding({}, 8)
