"""The LightningModule: losses and optimiser, nothing else.

Sampling, judging, averaging and clipping are callbacks; networks and noise are injected.
"""

from __future__ import annotations

from collections.abc import Callable

import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.precision import MixedPrecision, Precision
from pytorch_lightning.utilities import GradClipAlgorithmType
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.optim import Optimizer

from molgen.core.batch import MolBatch
from molgen.core.contracts import Denoiser, MoleculeSource, PreparesBatches
from molgen.core.errors import ConfigError, NonFiniteLossError
from molgen.core.tasks import Given
from molgen.core.vocab import Vocab
from molgen.noise.joint import JointNoise
from molgen.training.objective import DenoisingObjective, NoisyBatch
from molgen.training.optimization import Optimization

_TRAINING_STREAM, _VALIDATION_STREAM, _PREDICTION_STREAM = 0, 1, 3
"""First word of each use's random stream, to keep them apart (the bound's callback uses 2)."""


class DiffusionModule(pl.LightningModule):
    """Trains a denoiser against a noise process.

    Args:
        vocab: Alphabet; widths of fields and heads follow from it.
        noise: Builds the noise process from the vocabulary.
        denoiser: Builds the denoiser from the noise.
        objective: Builds the objective from the noise; EDM's by default.
        optimization: Optimiser and schedule; EDM's by default.
        generate: Builds what draws molecules from denoiser and noise, for ``predict`` and for callbacks
            that look at samples; ``None`` for a module that only trains.
    """

    def __init__(
        self,
        vocab: Vocab,
        noise: Callable[[Vocab], JointNoise],
        denoiser: Callable[[JointNoise], Denoiser],
        objective: Callable[[JointNoise], DenoisingObjective] = DenoisingObjective,
        optimization: Optimization | None = None,
        generate: Callable[[Denoiser, JointNoise], MoleculeSource] | None = None,
    ) -> None:
        super().__init__()
        self.vocab = vocab
        self.noise = noise(vocab)
        self.denoiser = denoiser(self.noise)
        self.objective = objective(self.noise)
        self.optimization = Optimization() if optimization is None else optimization
        self._generate = None if generate is None else generate(self.denoiser, self.noise)

    def sample(self, num_atoms: Tensor, generator: torch.Generator) -> list[MolBatch]:
        """Draw one molecule per size, ``(M,) int64``, with the configured sampler.

        Raises:
            ConfigError: No sampler is configured.
        """
        return self._source()(num_atoms, generator)

    def complete(self, given: Given, generator: torch.Generator) -> list[MolBatch]:
        """Draw what is not given of molecules, with the configured sampler.

        Raises:
            ConfigError: No sampler is configured.
        """
        return self._source().complete(given, generator)

    def _source(self) -> MoleculeSource:
        if self._generate is None:
            raise ConfigError(
                "model.generate is not configured; add molgen.sampling.Generator with a sampler"
            )
        return self._generate

    def generator(self, *stream: int, device: torch.device | str | None = None) -> torch.Generator:
        """Random numbers that depend on the run's seed, the rank and ``stream`` alone.

        Keyed by step rather than carried along, so that a resumed run draws what it would have drawn.

        Args:
            stream: Words that tell this use apart from others.
            device: Where to draw; the module's device by default.
        """
        words = torch.tensor([torch.initial_seed() % 2**31, self.global_rank, *stream], dtype=torch.int64)
        seed = 0
        for word in words.tolist():
            seed = (seed * 6364136223846793005 + word + 1442695040888963407) % 2**63
        return torch.Generator(self.device if device is None else device).manual_seed(seed)

    def setup(self, stage: str) -> None:
        """Let a data module that can do so prepare the training batches."""
        data = getattr(self.trainer, "datamodule", None)
        if stage == "fit" and isinstance(data, PreparesBatches):
            data.preparation = self.objective.prepare

    def transfer_batch_to_device(
        self,
        batch: MolBatch | NoisyBatch | Tensor,
        device: torch.device,
        dataloader_idx: int,
    ) -> MolBatch | NoisyBatch | Tensor:
        """Copy beside what the device computes, if the batch lies in page-locked memory."""
        return batch.to(device, non_blocking=True)

    def training_step(self, batch: MolBatch | NoisyBatch, batch_idx: int) -> Tensor:
        """Loss of one batch, prepared already or clean.

        Raises:
            NonFiniteLossError: The loss is NaN or infinite.
        """
        if isinstance(batch, MolBatch):
            stream = self.generator(_TRAINING_STREAM, self.global_step, batch_idx)
            batch = self.objective.prepare(batch, stream)
        losses = self.objective.score(self.denoiser, batch)
        if not torch.isfinite(losses["loss"]):
            raise NonFiniteLossError(
                f"the loss became {losses['loss'].item()} at step {self.global_step}, batch {batch_idx} of "
                f"epoch {self.current_epoch} ({len(batch)} molecules of {int(batch.x0.num_atoms.min())} to "
                f"{int(batch.x0.num_atoms.max())} atoms, rank {self.global_rank}); resume from the last "
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

    def predict_step(self, batch: Tensor, batch_idx: int) -> list[MolBatch]:
        """Draw molecules of the sizes in ``batch``, ``(B,) int64``.

        Raises:
            ConfigError: No sampler is configured.
        """
        return self.sample(batch, self.generator(_PREDICTION_STREAM, batch_idx))

    def _evaluate(self, split: str, batch: MolBatch, batch_idx: int) -> None:
        losses = self.objective(self.denoiser, batch, self.generator(_VALIDATION_STREAM, batch_idx))
        self.log_dict(
            {f"{split}/{name}": value for name, value in losses.items()},
            batch_size=len(batch),
            sync_dist=True,
        )

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip as Lightning does, and fused optimisers too where no scaler multiplies gradients, as in bf16.

        Under mixed precision Lightning refuses every fused optimiser, for the sake of those with a scaler.
        """
        plugin = self.trainer.precision_plugin
        if isinstance(plugin, MixedPrecision) and plugin.scaler is None and gradient_clip_val:
            algorithm = GradClipAlgorithmType(gradient_clip_algorithm or GradClipAlgorithmType.NORM)
            Precision.clip_gradients(plugin, optimizer, gradient_clip_val, algorithm)
        else:
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Optimiser and schedule of all trainable parameters."""
        return self.optimization(self.denoiser.parameters())
