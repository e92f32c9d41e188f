"""torch.compile for the network, as a part of the run rather than of the model."""

from __future__ import annotations

from contextlib import ExitStack

import pytorch_lightning as pl
import torch

PROGRAMS = 256
"""Most that one network may be compiled into; beyond torch's own limit of 8 plain Python goes on, unasked."""


class CompileDenoiser(pl.Callback):
    """Compile the denoiser in place before training; weights and checkpoints are unchanged by it.

    Needs a C++ compiler on CPU. The first steps take one or two minutes for each program; there is one for
    each kind of call, of which self-conditioning has three and validation others.

    Args:
        dynamic: Programs serve batches of all shapes. Otherwise each shape has its own, of which QM9 in
            batches of 512 has 17.
    """

    def __init__(self, dynamic: bool = True) -> None:
        self.dynamic = dynamic
        self._limits = ExitStack()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Compile; the work happens at the first batch of each kind."""
        self._limits.enter_context(torch._dynamo.config.patch(recompile_limit=PROGRAMS))
        pl_module.denoiser.compile(dynamic=self.dynamic)  # type: ignore[union-attr]

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Put torch's limit back."""
        self._limits.close()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Put it back after a run that failed, too, which Lightning does not tear down."""
        self._limits.close()
