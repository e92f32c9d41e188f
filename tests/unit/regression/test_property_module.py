"""The property network learns, and its module refuses what it cannot learn from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from molgen.core import MolBatch, Vocab
from molgen.core.errors import ConfigError, NonFiniteLossError
from molgen.data.datamodule import MolDataModule
from molgen.regression import PropertyNetwork
from molgen.regression.module import PropertyModule
from molgen.training.optimization import Optimization

STORE = Path(__file__).parents[2] / "fixtures" / "qm9_200"
NAMES = ["mu", "alpha", "homo"]


@pytest.fixture
def batch(vocab: Vocab) -> MolBatch:
    """Eight molecules of QM9 with their properties."""
    return MolDataModule(vocab, str(STORE), ["atom", *NAMES]).dataset("train").batch(range(8))


def test_a_few_molecules_can_be_learnt_by_heart(
    build_network: Callable[..., PropertyNetwork], batch: MolBatch
) -> None:
    network = build_network(width=32)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)

    def loss() -> torch.Tensor:
        errors = network.errors(batch)
        return torch.stack([e.mean() / network.readouts[n].std for n, e in errors.items()]).mean()

    before = loss().item()
    for step in range(400):
        optimizer.param_groups[0]["lr"] = 1e-2 * (1 - step / 400)
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    assert before > 0.3
    assert loss().item() < 0.03


def test_the_loss_is_the_mean_of_errors_in_spreads(
    build_network: Callable[..., PropertyNetwork],
    vocab: Vocab,
    batch: MolBatch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logged: dict[str, float] = {}
    module = PropertyModule(vocab, lambda _: build_network(), Optimization())
    monkeypatch.setattr(module, "log", lambda name, value, **_: logged.update({name: float(value)}))
    with torch.no_grad():
        predicted = module.network(batch)
        labels = {name: value + 0.01 for name, value in predicted.items()}
        labels["homo"] = torch.full_like(labels["homo"], torch.nan)
        module.validation_step(batch.labelled(labels), 0)
    assert logged["val/loss"] == pytest.approx((0.01 / 1.5 + 0.01 / 3.0) / 3, rel=1e-3)
    assert logged["val/mu"] == pytest.approx(0.01, rel=1e-3)
    assert "val/homo" not in logged


def test_labels_that_are_missing_or_wrong_stop_the_training(
    build_network: Callable[..., PropertyNetwork], vocab: Vocab, batch: MolBatch
) -> None:
    module = PropertyModule(vocab, lambda _: build_network(), Optimization())
    with pytest.raises(ConfigError, match=r"predicts \['homo'\], which are not loaded"):
        module.training_step(batch.labelled({name: batch.labels[name] for name in ("mu", "alpha")}), 0)
    torch.nn.init.constant_(module.network.embed.weight, torch.nan)
    with pytest.raises(NonFiniteLossError, match="lower learning rate"):
        module.training_step(batch, 0)
