"""Asking for labels: nothing of some molecules, every subset of the others, values unchanged."""

from __future__ import annotations

import pytest
import torch

from molgen.core import MolBatch
from molgen.core.errors import ConfigError
from molgen.training.asking import RandomAsking

COUNT = 20_000


def asked(nothing: float, power: float = 1.0) -> torch.Tensor:
    """``(COUNT, 2)`` bool: which of two labels were asked for."""
    mask = torch.ones(COUNT, 1, dtype=torch.bool)
    labels = {"a": torch.arange(COUNT).float(), "b": -torch.arange(COUNT).float()}
    batch = MolBatch(mask, torch.zeros(COUNT, 1, 3)).labelled(labels)
    result = RandomAsking(nothing, power)(batch, torch.Generator().manual_seed(0)).labels
    known = torch.stack([result[name].isfinite() for name in labels], dim=1)
    for name, values in labels.items():
        kept = result[name].isfinite()
        assert torch.equal(result[name][kept], values[kept])
    return known


def test_shares_are_as_stated() -> None:
    """With a uniform chance c both labels stay with E[c^2] = 1/3 and neither with E[(1-c)^2] = 1/3."""
    known = asked(0.4)
    both, neither = known.all(dim=1).float().mean().item(), (~known).all(dim=1).float().mean().item()
    assert both == pytest.approx(0.6 / 3, abs=0.015)
    assert neither == pytest.approx(0.4 + 0.6 / 3, abs=0.015)


def test_all_silent_and_none_silent() -> None:
    assert not asked(1.0).any()
    assert asked(0.0).any(dim=1).float().mean().item() == pytest.approx(2 / 3, abs=0.015)


def test_a_power_asks_for_less() -> None:
    """With the chance c = u^2 both labels stay with E[u^4] = 1/5, and one alone with 2 (1/3 - 1/5)."""
    known = asked(0.0, power=2.0)
    assert known.all(dim=1).float().mean().item() == pytest.approx(1 / 5, abs=0.015)
    assert (known.sum(dim=1) == 1).float().mean().item() == pytest.approx(4 / 15, abs=0.015)


def test_molecules_without_labels_draw_nothing() -> None:
    """The random numbers of a run without labels are those it had before labels existed."""
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    batch = MolBatch(torch.ones(2, 1, dtype=torch.bool), torch.zeros(2, 1, 3))
    assert RandomAsking()(batch, generator) is batch
    assert torch.equal(generator.get_state(), before)


def test_a_share_outside_the_unit_interval_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"in \[0, 1\]"):
        RandomAsking(1.5)
    with pytest.raises(ConfigError, match="positive"):
        RandomAsking(power=0)
