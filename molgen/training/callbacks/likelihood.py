"""The variational bound on a split, at validation and test."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, cast

import pytorch_lightning as pl
import torch

from molgen.core.batch import MolBatch
from molgen.noise.likelihood import VariationalBound
from molgen.training.module import DiffusionModule

_STREAM = 2
"""First word of the bound's random streams, apart from the losses'."""


class LikelihoodBound(pl.Callback):
    """Log the bound on the negative log-likelihood in nats per molecule, and its terms.

    One step of the chain is drawn per molecule, so the mean over a split is unbiased; the standard
    error of the mean is logged beside it.

    Args:
        steps: Length ``T`` of the discrete chain whose bound is estimated; 1000 for EDM.
    """

    def __init__(self, steps: int = 1000) -> None:
        self.steps = steps
        self._terms: dict[str, list[torch.Tensor]] = defaultdict(list)

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,  # noqa: ANN401  (Lightning's hook signature)
        batch: MolBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Estimate the bound of one validation batch."""
        self._collect(trainer, pl_module, batch, batch_idx)

    def on_test_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,  # noqa: ANN401  (Lightning's hook signature)
        batch: MolBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Estimate the bound of one test batch."""
        self._collect(trainer, pl_module, batch, batch_idx)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the means over the split."""
        self._report(pl_module, "val")

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the means over the split."""
        self._report(pl_module, "test")

    def _collect(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: MolBatch, batch_idx: int
    ) -> None:
        module = cast(DiffusionModule, pl_module)
        prior = trainer.datamodule.size_prior  # type: ignore[attr-defined]
        bound = VariationalBound(module.noise, self.steps, prior.log_prob)
        for term, values in bound(module.denoiser, batch, module.generator(_STREAM, batch_idx)).items():
            self._terms[term].append(values)

    def _report(self, pl_module: pl.LightningModule, split: str) -> None:
        for term, parts in self._terms.items():
            values = torch.cat(parts)
            name = f"{split}/nll" if term == "nll" else f"{split}/nll_{term}"
            pl_module.log(name, values.mean(), sync_dist=True)
            if term == "nll":
                count = len(values) * pl_module.trainer.world_size
                pl_module.log(f"{name}_stderr", values.std() / count**0.5, sync_dist=True)
        self._terms.clear()
