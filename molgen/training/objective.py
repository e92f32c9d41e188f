"""The training objective: draw tasks and levels, corrupt, denoise, score."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from molgen.core.batch import MolBatch
from molgen.core.contracts import Denoiser
from molgen.core.errors import ConfigError
from molgen.core.levels import NoiseLevels
from molgen.core.tasks import in_frame
from molgen.noise.joint import JointNoise
from molgen.training.path_noise import PathNoise
from molgen.training.task_mixture import TaskMixture
from molgen.training.times import StratifiedTimes, TimeDistribution


@dataclass(frozen=True, eq=False)
class NoisyBatch:
    """A training batch, ready for the network.

    Attributes:
        x0: Clean molecules, in the frame of their task; labels that are not asked for are NaN.
        x_t: The same, corrupted.
        levels: Time of every entry.
        look_twice: Whether the network first makes an estimate to be conditioned on.
    """

    x0: MolBatch
    x_t: MolBatch
    levels: NoiseLevels
    look_twice: bool

    def __len__(self) -> int:
        """Number of molecules."""
        return len(self.x0)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> NoisyBatch:
        """Return a copy on another device."""
        x0, x_t = self.x0.to(device, non_blocking), self.x_t.to(device, non_blocking)
        return NoisyBatch(x0, x_t, self.levels.to(device, non_blocking), self.look_twice)

    def pin_memory(self) -> NoisyBatch:
        """Return a copy in page-locked memory, for asynchronous copies to a GPU."""
        levels = self.levels.pin_memory()
        return NoisyBatch(self.x0.pin_memory(), self.x_t.pin_memory(), levels, self.look_twice)


class DenoisingObjective:
    """Weighted sum over fields of the denoising losses.

    Args:
        noise: The noise process.
        times: Distribution of training times; stratified uniform by default.
        field_weights: Field name to weight; 1 where absent. With weights of 1 and the epsilon loss
            this is EDM's objective up to a constant.
        tasks: Mixture of tasks; de novo generation alone by default.
        self_conditioning: Share of batches on which a self-conditioned denoiser sees its own estimate.
        path: Extra position noise on the way; none by default.

    Raises:
        ConfigError: A weight names a field that has no noise, or the share is not in [0, 1].
    """

    def __init__(
        self,
        noise: JointNoise,
        times: TimeDistribution | None = None,
        field_weights: dict[str, float] | None = None,
        tasks: TaskMixture | None = None,
        self_conditioning: float = 0.5,
        path: PathNoise | None = None,
    ) -> None:
        self.noise = noise
        self.times = StratifiedTimes() if times is None else times
        self.field_weights = {} if field_weights is None else field_weights
        self.tasks = TaskMixture() if tasks is None else tasks
        self.self_conditioning = self_conditioning
        self.path = path
        unknown = sorted(set(self.field_weights) - set(noise.fields))
        if unknown:
            raise ConfigError(f"loss weights for {unknown}, but the noise has fields {list(noise.fields)}")
        if not 0 <= self_conditioning <= 1:
            raise ConfigError(f"the share of self-conditioning must be in [0, 1], got {self_conditioning}")

    def __call__(self, denoiser: Denoiser, x0: MolBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Compute the losses of one batch.

        Args:
            denoiser: The model.
            x0: Clean molecules.
            generator: Source of randomness, on the batch's device.

        Returns:
            ``{"loss": total, "loss/<field>": ...}``, scalars.
        """
        return self.score(denoiser, self.prepare(x0, generator))

    def prepare(self, x0: MolBatch, generator: torch.Generator) -> NoisyBatch:
        """Draw tasks, levels and noise: all that needs no network, and may run beside it.

        Args:
            x0: Clean molecules with at least the noise's fields.
            generator: Source of randomness, on the batch's device.
        """
        time = self.times.sample(len(x0), generator).to(x0.pos)
        levels = self.tasks.levels(time, x0, generator)
        x0 = self.tasks.asking(x0.select(self.noise.fields), generator)
        if levels.molecule_time is None:
            x0 = in_frame(x0, levels)
        x_t = self.noise.corrupt_coupled(x0, levels, generator)
        if self.path is not None:
            x_t = self.path(self.noise, x_t, levels, generator)
        coin = torch.rand((), generator=generator, device=generator.device)
        return NoisyBatch(x0, x_t, levels, bool(coin < self.self_conditioning))

    def score(self, denoiser: Denoiser, batch: NoisyBatch) -> dict[str, Tensor]:
        """Losses of a prepared batch, as :meth:`__call__` returns them."""
        previous, cond = None, batch.x0.labels or None
        if denoiser.self_conditioned and batch.look_twice:
            with torch.no_grad():
                previous = denoiser(batch.x_t, batch.levels, cond)
        x0_hat = denoiser(batch.x_t, batch.levels, cond, previous)
        losses = self.noise.losses(x0_hat, batch.x0, batch.levels)
        total = torch.stack([self.field_weights.get(name, 1.0) * loss for name, loss in losses.items()]).sum()
        return {"loss": total, **{f"loss/{name}": loss for name, loss in losses.items()}}
