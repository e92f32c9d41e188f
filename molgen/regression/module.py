"""The LightningModule of the property network: a standardised absolute error, and errors in units."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn import Parameter

from molgen.core.batch import MolBatch
from molgen.core.errors import ConfigError, NonFiniteLossError
from molgen.core.vocab import Vocab
from molgen.regression.network import PropertyNetwork


class PropertyModule(pl.LightningModule):
    """Trains a property network on the labels of its batches.

    The loss is the mean over properties of the mean absolute error divided by the readout's spread, so that
    no property outweighs another. The absolute error is what EDM's protocol reports (Hoogeboom et al. 2022).

    Args:
        vocab: Alphabet; the network's widths follow from it.
        network: Builds the network from the vocabulary.
        optimization: Builds optimiser and schedule from the parameters, such as
            :class:`molgen.training.Optimization`.
    """

    def __init__(
        self,
        vocab: Vocab,
        network: Callable[[Vocab], PropertyNetwork],
        optimization: Callable[[Iterable[Parameter]], Any],
    ) -> None:
        super().__init__()
        self.vocab = vocab
        self.network = network(vocab)
        self.optimization = optimization

    def training_step(self, batch: MolBatch, batch_idx: int) -> Tensor:
        """Loss of one batch.

        Raises:
            ConfigError: The batch lacks a label that the network predicts.
            NonFiniteLossError: The loss is NaN or infinite.
        """
        loss = self._standardised(self._errors(batch))
        if not torch.isfinite(loss):
            raise NonFiniteLossError(
                f"the loss became {loss.item()} at step {self.global_step}, batch {batch_idx} of epoch "
                f"{self.current_epoch}; resume from the last checkpoint with a lower learning rate"
            )
        self.log("train/loss", loss.detach(), batch_size=len(batch))
        self.log("loss", loss.detach(), prog_bar=True, logger=False, batch_size=len(batch))
        return loss

    def validation_step(self, batch: MolBatch, batch_idx: int) -> None:
        """Log the mean absolute error of every property in its unit, as ``val/NAME``."""
        self._evaluate("val", batch)

    def test_step(self, batch: MolBatch, batch_idx: int) -> None:
        """As :meth:`validation_step`, on the test split."""
        self._evaluate("test", batch)

    def configure_optimizers(self) -> Any:  # noqa: ANN401  (Lightning accepts several forms)
        """Optimiser and schedule of all trainable parameters."""
        return self.optimization(self.network.parameters())

    def _evaluate(self, split: str, batch: MolBatch) -> None:
        errors = self._errors(batch)
        self.log(f"{split}/loss", self._standardised(errors), batch_size=len(batch), sync_dist=True)
        for name, error in errors.items():
            if len(error):
                self.log(f"{split}/{name}", error.mean(), batch_size=len(error), sync_dist=True)

    def _errors(self, batch: MolBatch) -> dict[str, Tensor]:
        missing = [name for name in self.network.names if name not in batch.labels]
        if missing:
            raise ConfigError(
                f"the network predicts {missing}, which are not loaded; add them to data.fields"
            )
        return self.network.errors(batch)

    def _standardised(self, errors: dict[str, Tensor]) -> Tensor:
        """Mean over properties of the mean error in readout spreads; one that no molecule has counts 0."""
        parts = [
            error.sum() / max(len(error), 1) / self.network.readouts[name].std
            for name, error in errors.items()
        ]
        return torch.stack(parts).mean()
