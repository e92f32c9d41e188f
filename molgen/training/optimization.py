"""Optimiser and learning-rate schedule, as one injectable part."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch.nn import Parameter
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


class Optimization:
    """Builds what ``configure_optimizers`` returns; the schedule advances once per step.

    Args:
        optimizer: Builds the optimiser from parameters; AdamW at 1e-4 with amsgrad (EDM) by default.
        scheduler: Builds a per-step schedule from the optimiser, or ``None`` for a constant rate.
    """

    def __init__(
        self,
        optimizer: Callable[[Iterable[Parameter]], Optimizer] | None = None,
        scheduler: Callable[[Optimizer], LRScheduler] | None = None,
    ) -> None:
        self.optimizer = optimizer
        self.scheduler = scheduler

    def __deepcopy__(self, memo: dict[int, Any]) -> Optimization:
        """Itself: it never changes, and its parts hold the program that read them from a configuration.

        Averages of weights copy the module; the program has processes and locks, which cannot be copied.
        """
        return self

    def __call__(self, parameters: Iterable[Parameter]) -> OptimizerLRScheduler:
        """Build optimiser and schedule for ``parameters``."""
        if self.optimizer is None:
            optimizer: Optimizer = torch.optim.AdamW(parameters, lr=1e-4, amsgrad=True, weight_decay=1e-12)
        else:
            optimizer = self.optimizer(parameters)
        if self.scheduler is None:
            return optimizer
        schedule = {"scheduler": self.scheduler(optimizer), "interval": "step"}
        return {"optimizer": optimizer, "lr_scheduler": schedule}  # type: ignore[return-value]
