"""The LightningModule: losses and optimiser, nothing else.

Sampling, judging, averaging and clipping are callbacks; networks and noise are injected.
"""

from __future__ import annotations

from collections.abc import Callable

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor

from molgen.core.batch import MolBatch
from molgen.core.contracts import Denoiser
from molgen.core.errors import NonFiniteLossError
from molgen.core.vocab import Vocab
from molgen.noise.joint import JointNoise
from molgen.training.objective import DenoisingObjective
from molgen.training.optimization import Optimization

_VALIDATION_STREAM = 1
"""Second word of the validation noise's seed, to keep it apart from training's."""


class DiffusionModule(pl.LightningModule):
    """Trains a denoiser against a noise process.

    Args:
        vocab: Alphabet; widths of fields and heads follow from it.
        noise: Builds the noise process from the vocabulary.
        denoiser: Builds the denoiser from the noise.
        objective: Builds the objective from the noise; EDM's by default.
        optimization: Optimiser and schedule; EDM's by default.
    """

    def __init__(
        self,
        vocab: Vocab,
        noise: Callable[[Vocab], JointNoise],
        denoiser: Callable[[JointNoise], Denoiser],
        objective: Callable[[JointNoise], DenoisingObjective] = DenoisingObjective,
        optimization: Optimization | None = None,
    ) -> None:
        super().__init__()
        self.vocab = vocab
        self.noise = noise(vocab)
        self.denoiser = denoiser(self.noise)
        self.objective = objective(self.noise)
        self.optimization = Optimization() if optimization is None else optimization

    def generator(self, *stream: int) -> torch.Generator:
        """Random numbers that depend on the run's seed, the rank and ``stream`` alone.

        Keyed by step rather than carried along, so that a resumed run draws what it would have drawn.
        """
        words = torch.tensor([torch.initial_seed() % 2**31, self.global_rank, *stream], dtype=torch.int64)
        seed = 0
        for word in words.tolist():
            seed = (seed * 6364136223846793005 + word + 1442695040888963407) % 2**63
        return torch.Generator(self.device).manual_seed(seed)

    def training_step(self, batch: MolBatch, batch_idx: int) -> Tensor:
        """Loss of one batch.

        Raises:
            NonFiniteLossError: The loss is NaN or infinite.
        """
        losses = self.objective(self.denoiser, batch, self.generator(0, self.global_step))
        if not torch.isfinite(losses["loss"]):
            raise NonFiniteLossError(
                f"the loss became {losses['loss'].item()} at step {self.global_step}, batch {batch_idx} of epoch "
                f"{self.current_epoch} ({len(batch)} molecules of {int(batch.num_atoms.min())} to "
                f"{int(batch.num_atoms.max())} atoms, rank {self.global_rank}); resume from the last "
                "checkpoint with a lower learning rate"
            )
        self.log_dict(
            {f"train/{name}": value.detach() for name, value in losses.items()}, batch_size=len(batch)
        )
        self.log("loss", losses["loss"].detach(), prog_bar=True, logger=False, batch_size=len(batch))
        return losses["loss"]

    def validation_step(self, batch: MolBatch, batch_idx: int) -> None:
        """Log the loss with noise that is the same at every validation."""
        self._evaluate("val", batch, batch_idx)

    def test_step(self, batch: MolBatch, batch_idx: int) -> None:
        """As :meth:`validation_step`, on the test split."""
        self._evaluate("test", batch, batch_idx)

    def _evaluate(self, split: str, batch: MolBatch, batch_idx: int) -> None:
        losses = self.objective(self.denoiser, batch, self.generator(_VALIDATION_STREAM, batch_idx))
        self.log_dict(
            {f"{split}/{name}": value for name, value in losses.items()}, batch_size=len(batch), sync_dist=True
        )

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Optimiser and schedule of all trainable parameters."""
        return self.optimization(self.denoiser.parameters())
