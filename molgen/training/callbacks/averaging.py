"""The moving average of the weights."""

from __future__ import annotations

import pytorch_lightning as pl
from pytorch_lightning.callbacks import WeightAveraging
from torch.optim.swa_utils import get_ema_multi_avg_fn


class ExponentialMovingAverage(WeightAveraging):
    """Average the weights after every step; validation, checkpoints and the end of training take the average.

    Lightning's own average of this kind is made before the model is on its device and stays on the CPU, so
    that every step would copy all weights there, one after another; this one follows the model.

    Args:
        decay: Share of the old average that a step keeps.
    """

    def __init__(self, decay: float = 0.999) -> None:
        super().__init__(multi_avg_fn=get_ema_multi_avg_fn(decay))

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Move the average to where the model is by now."""
        assert self._average_model is not None
        self._average_model.to(pl_module.device)
