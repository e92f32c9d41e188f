"""Samplers that walk the reverse chain: ancestral (DDPM) and DDIM."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from molgen.core.batch import MolBatch
from molgen.core.contracts import Condition, Denoiser
from molgen.core.errors import IncompatibleSamplerError
from molgen.core.levels import NoiseLevels
from molgen.noise.gaussian import GaussianNoise
from molgen.noise.joint import JointNoise
from molgen.sampling.grid import TimeGrid, UniformGrid


@dataclass(frozen=True, eq=False)
class Samples:
    """What a sampler returns.

    Attributes:
        molecules: Clean molecules.
        nfe: Number of denoiser evaluations spent on each of them.
    """

    molecules: MolBatch
    nfe: int


class ReverseSampler(ABC):
    """Walks a time grid from the prior to data; one denoiser evaluation per step and one at the end.

    Subclasses say how much fresh noise each step adds.

    Args:
        steps: Number of steps; any number, 1000 being EDM's.
        grid: Where the steps lie; uniform by default.

    Raises:
        InputError: ``steps`` is less than 1.
    """

    stochasticity: ClassVar[float]

    def __init__(self, steps: int = 1000, grid: TimeGrid | None = None) -> None:
        self.grid = UniformGrid() if grid is None else grid
        self.times = self.grid.times(steps)

    @property
    def nfe(self) -> int:
        """Number of denoiser evaluations per molecule."""
        return len(self.times)

    @torch.no_grad()
    def __call__(
        self,
        denoiser: Denoiser,
        noise: JointNoise,
        template: MolBatch,
        generator: torch.Generator,
        cond: Condition | None = None,
    ) -> Samples:
        """Draw molecules.

        Args:
            denoiser: The model, in evaluation mode, on the template's device.
            noise: The noise process that it was trained on.
            template: Gives sizes, float type and device; its values are not read.
            generator: Source of randomness, on the same device.
            cond: Conditions of the denoiser.

        Returns:
            Molecules with the template's mask.

        Raises:
            IncompatibleSamplerError: A field's noise is not Gaussian.
        """
        self.check(noise)
        x_t = noise.prior(template, generator)
        for t, s in zip(self.times[:-1], self.times[1:], strict=True):
            start, end = self._levels(t, x_t), self._levels(s, x_t)
            x_t = noise.step(x_t, denoiser(x_t, start, cond), (start, end), self.stochasticity, generator)
        x0_hat = denoiser(x_t, self._levels(self.times[-1], x_t), cond)
        return Samples(noise.reconstruct(x_t, x0_hat, generator), self.nfe)

    @staticmethod
    def _levels(time: Tensor, batch: MolBatch) -> NoiseLevels:
        return NoiseLevels.uniform(time.to(batch.pos).expand(len(batch)), batch)

    def check(self, noise: JointNoise) -> None:
        """Refuse noise that this sampler cannot walk.

        Raises:
            IncompatibleSamplerError: A field's noise is not Gaussian.
        """
        other = [name for name, process in noise.processes.items() if not isinstance(process, GaussianNoise)]
        if other:
            raise IncompatibleSamplerError(
                f"{type(self).__name__} walks Gaussian noise only; fields {other} have another kind"
            )


class AncestralSampler(ReverseSampler):
    """Draws every step from ``q(x_s | x_t, x0_hat)`` (Ho et al. 2020; EDM, section 3.1)."""

    stochasticity = 1.0


class DDIMSampler(ReverseSampler):
    """Deterministic steps (Song et al. 2021, equation 12 with ``eta = 0``)."""

    stochasticity = 0.0
