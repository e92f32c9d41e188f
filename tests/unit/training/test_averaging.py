"""The moving average of the weights: where it lies, and how far a step moves it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
import pytorch_lightning as pl
import torch

from molgen.training.callbacks import ExponentialMovingAverage


class Weights(pl.LightningModule):
    """Two numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(2, 1, bias=False)


def begun(decay: float) -> tuple[ExponentialMovingAverage, Weights]:
    """An average as it is before the model is put on its device."""
    average, module = ExponentialMovingAverage(decay), Weights()
    average.setup(cast(Any, None), module, "fit")
    return average, module


def test_it_follows_the_model_to_its_device() -> None:
    """It is made before the model has moved; torch's device without memory stands for a GPU."""
    average, module = begun(0.9)
    module.to("meta")
    average.on_fit_start(cast(Any, None), module)
    assert average._average_model is not None
    assert {weight.device.type for weight in average._average_model.parameters()} == {"meta"}


@pytest.mark.parametrize("decay", [0.5, 0.9])
def test_a_step_moves_it_by_what_the_decay_leaves(decay: float) -> None:
    """The first step is taken over whole."""
    average, module = begun(decay)
    trainer = SimpleNamespace(global_step=0)
    for step, value in enumerate([1.0, 2.0, 4.0]):
        torch.nn.init.constant_(module.layer.weight, value)
        trainer.global_step = step + 1
        average.on_train_batch_end(cast(Any, trainer), module, None, None, step)
    expected = decay * (decay * 1 + (1 - decay) * 2) + (1 - decay) * 4
    average.on_train_end(cast(Any, trainer), module)
    assert module.layer.weight.detach().flatten().tolist() == pytest.approx([expected] * 2)
