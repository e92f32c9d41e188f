"""EDM's adaptive gradient clipping."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytorch_lightning as pl
import torch
from torch.optim import Optimizer

from molgen.core.errors import ConfigError


class AdaptiveGradientClipping(pl.Callback):
    """Clip the gradient norm at ``1.5 mean + 2 std`` of recent norms (EDM's training code).

    Args:
        window: Number of recent norms.
        initial: Norm that fills the window before the first step.

    Raises:
        ConfigError: The window holds fewer than two norms.
    """

    def __init__(self, window: int = 50, initial: float = 3000.0) -> None:
        if window < 2:
            raise ConfigError(f"gradient clipping needs a window of at least 2 norms, got {window}")
        self.norms: deque[float] = deque([initial], maxlen=window)

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Optimizer
    ) -> None:
        """Clip in place, remember and log the norm."""
        recent = torch.tensor(list(self.norms), dtype=torch.float64)
        limit = float(1.5 * recent.mean() + 2 * recent.std(correction=0))
        norm = float(torch.nn.utils.clip_grad_norm_(pl_module.parameters(), limit))
        self.norms.append(min(norm, limit))
        pl_module.log_dict({"train/grad_norm": norm, "train/grad_limit": limit})

    def state_dict(self) -> dict[str, Any]:
        """Recent norms, so that a resumed run clips as it would have."""
        return {"norms": list(self.norms)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore recent norms."""
        self.norms.clear()
        self.norms.extend(state_dict["norms"])
