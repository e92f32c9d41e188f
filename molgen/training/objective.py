"""The training objective: draw levels, corrupt, denoise, score."""

from __future__ import annotations

import torch
from torch import Tensor

from molgen.core.batch import MolBatch
from molgen.core.contracts import Denoiser
from molgen.core.errors import ConfigError
from molgen.core.levels import NoiseLevels
from molgen.noise.joint import JointNoise
from molgen.training.times import StratifiedTimes, TimeDistribution


class DenoisingObjective:
    """Weighted sum over fields of the denoising losses.

    Args:
        noise: The noise process.
        times: Distribution of training times; stratified uniform by default.
        field_weights: Field name to weight; 1 where absent. With weights of 1 and the epsilon loss
            this is EDM's objective up to a constant.

    Raises:
        ConfigError: A weight names a field that has no noise.
    """

    def __init__(
        self,
        noise: JointNoise,
        times: TimeDistribution | None = None,
        field_weights: dict[str, float] | None = None,
    ) -> None:
        self.noise = noise
        self.times = StratifiedTimes() if times is None else times
        self.field_weights = {} if field_weights is None else field_weights
        unknown = sorted(set(self.field_weights) - set(noise.fields))
        if unknown:
            raise ConfigError(f"loss weights for {unknown}, but the noise has fields {list(noise.fields)}")

    def __call__(self, denoiser: Denoiser, x0: MolBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Compute the losses of one batch.

        Args:
            denoiser: The model.
            x0: Clean molecules.
            generator: Source of randomness, on the batch's device.

        Returns:
            ``{"loss": total, "loss/<field>": ...}``, scalars.
        """
        x0 = x0.select(self.noise.fields)
        levels = NoiseLevels.uniform(self.times.sample(len(x0), generator).to(x0.pos), x0)
        x_t = self.noise.corrupt(x0, levels, generator)
        losses = self.noise.losses(denoiser(x_t, levels), x0, levels)
        total = torch.stack([self.field_weights.get(name, 1.0) * loss for name, loss in losses.items()]).sum()
        return {"loss": total, **{f"loss/{name}": loss for name, loss in losses.items()}}
