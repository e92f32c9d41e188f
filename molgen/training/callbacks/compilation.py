"""torch.compile for the network, as a part of the run rather than of the model."""

from __future__ import annotations

import pytorch_lightning as pl


class CompileDenoiser(pl.Callback):
    """Compile the denoiser in place before training; weights and checkpoints are unchanged by it.

    Needs a C++ compiler on CPU. The first steps take one or two minutes.

    Args:
        dynamic: One program for all batch shapes (CPU) instead of one per shape (GPU).
    """

    def __init__(self, dynamic: bool = True) -> None:
        self.dynamic = dynamic

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Compile; the work happens at the first batch."""
        pl_module.denoiser.compile(dynamic=self.dynamic)  # type: ignore[union-attr]
