"""Walking a time grid from the prior, or from what is given, to data.

A step asks the denoiser once or twice for clean molecules and moves there part of the way. Samplers differ
in the estimate they step towards: the last one (ancestral, DDIM), or one made second-order in time by a
look ahead (Heun) or back (multistep). Categories jump by their exact posterior in each of them.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from molgen.core.batch import MolBatch
from molgen.core.contracts import Condition, Denoiser
from molgen.core.errors import IncompatibleSamplerError, InputError
from molgen.core.levels import NoiseLevels
from molgen.core.tasks import Given
from molgen.noise.categorical import CategoricalNoise
from molgen.noise.gaussian import GaussianNoise
from molgen.noise.joint import JointNoise
from molgen.sampling.grid import TimeGrid, UniformGrid

Span = tuple[NoiseLevels, NoiseLevels]
"""Levels where a step starts and where it ends."""


@dataclass(frozen=True, eq=False)
class Samples:
    """What a sampler returns.

    Attributes:
        molecules: Clean molecules.
        nfe: Number of denoiser evaluations spent on each of them.
    """

    molecules: MolBatch
    nfe: int


@dataclass(eq=False)
class Walk:
    """The state of one chain that is not the molecules themselves.

    Attributes:
        denoiser: The model.
        noise: Its noise process.
        cond: Conditions of the denoiser.
        generator: Source of randomness.
        previous: Last estimate, for self-conditioning and multistep solvers.
        previous_levels: Levels at which it was made.
        nfe: Evaluations so far.
    """

    denoiser: Denoiser
    noise: JointNoise
    cond: Condition | None
    generator: torch.Generator
    previous: MolBatch | None = None
    previous_levels: NoiseLevels | None = None
    nfe: int = 0

    def estimate(self, x_t: MolBatch, levels: NoiseLevels) -> MolBatch:
        """Ask the denoiser, count it and remember the answer."""
        x0_hat = self.denoiser(x_t, levels, self.cond, self.previous)
        self.nfe += 1
        self.previous, self.previous_levels = x0_hat, levels
        return x0_hat


class ReverseSampler(ABC):
    """Walks a time grid from the prior to data.

    Args:
        steps: Number of steps.
        grid: Where the steps lie; uniform by default.
        churn: Categories step further, to ``(1 - churn)`` times the end of each step, and are noised back to
            it, which gives them a chance to repair mistakes. Positions are left alone: noise that was coupled
            in training cannot be drawn afresh.

    Raises:
        InputError: ``steps`` is less than 1 or ``churn`` is not in [0, 1).
    """

    stochasticity: ClassVar[float]

    def __init__(self, steps: int = 1000, grid: TimeGrid | None = None, churn: float = 0.0) -> None:
        if not 0 <= churn < 1:
            raise InputError(f"churn must be in [0, 1), got {churn}")
        self.grid = UniformGrid() if grid is None else grid
        self.times = self.grid.times(steps)
        self.churn = churn

    def nfe(self, noise: JointNoise) -> int:
        """Number of denoiser evaluations per molecule: one per step, and one where ``t = 0`` is noisy."""
        return len(self.times) - 1 if noise.clean_at_zero else len(self.times)

    @torch.no_grad()
    def __call__(
        self,
        denoiser: Denoiser,
        noise: JointNoise,
        template: MolBatch,
        generator: torch.Generator,
        given: Given | None = None,
        cond: Condition | None = None,
    ) -> Samples:
        """Draw molecules.

        Args:
            denoiser: The model, in evaluation mode, on the template's device.
            noise: The noise process that it was trained on.
            template: Gives sizes, float type and device; its values are not read.
            generator: Source of randomness, on the same device.
            given: What is known of the molecules; nothing by default.
            cond: Conditions of the denoiser.

        Returns:
            Molecules with the template's mask, in the frame of what is given.

        Raises:
            IncompatibleSamplerError: A field's noise is of a kind that this sampler cannot walk.
            LevelSupportError: Entries are given, but the denoiser takes one time per molecule.
        """
        self.check(noise)
        walk = Walk(denoiser, noise, cond, generator)
        source = Given.nothing(template) if given is None else given
        known = source.anchored()
        times = (self.times * known.start).tolist()
        if noise.clean_at_zero:
            times = times[:-1]
        x_t = self._begin(walk, template, known, times[0])
        for t, s in itertools.pairwise(times):
            span = (known.levels(t, x_t), known.levels(s, x_t))
            x_s = self._advance(walk, x_t, span)
            if self.churn:
                x_s = self._stir(walk, x_t, x_s, (*span, known.levels(s * (1 - self.churn), x_t)))
            x_t = x_s
        levels = known.levels(times[-1], x_t)
        molecules = noise.reconstruct(x_t, walk.estimate(x_t, levels), levels, generator)
        return Samples(molecules if given is None else source.restored(molecules), walk.nfe)

    @staticmethod
    def _begin(walk: Walk, template: MolBatch, known: Given, t: float) -> MolBatch:
        """The first state: the prior, or the given molecules with noise where they are free."""
        if not known.molecules_matter:
            return walk.noise.prior(template, walk.generator)
        molecules = known.molecules.select(walk.noise.fields)
        return walk.noise.corrupt(molecules, known.levels(t, molecules), walk.generator)

    def _stir(self, walk: Walk, x_t: MolBatch, x_s: MolBatch, levels: tuple[NoiseLevels, ...]) -> MolBatch:
        """Draw the categories of ``x_s`` again: down past the end of the step, and back up to it."""
        start, end, below = levels
        assert walk.previous is not None
        deeper = walk.noise.step(x_t, walk.previous, (start, below), self.stochasticity, walk.generator)
        raised = walk.noise.renoise(deeper, (end, below), walk.generator)
        return x_s.replace(**{name: raised[name] for name in categorical_fields(walk.noise)})

    @abstractmethod
    def _advance(self, walk: Walk, x_t: MolBatch, span: Span) -> MolBatch:
        """Take one step."""

    def _move(self, walk: Walk, x_t: MolBatch, x0_hat: MolBatch, span: Span) -> MolBatch:
        return walk.noise.step(x_t, x0_hat, span, self.stochasticity, walk.generator)

    def check(self, noise: JointNoise) -> None:
        """Refuse noise that this sampler cannot walk.

        Raises:
            IncompatibleSamplerError: A field's noise is neither Gaussian nor categorical, or the sampler
                draws position noise afresh where training coupled it to the molecules.
        """
        if self.stochasticity > 0 and noise.coupling is not None:
            raise IncompatibleSamplerError(
                f"{type(self).__name__} draws position noise at every step, but this model knows only noise "
                "that was coupled to its molecules; use a deterministic sampler: ddim (euler), heun or dpm"
            )
        known = (GaussianNoise, CategoricalNoise)
        other = [name for name, process in noise.processes.items() if not isinstance(process, known)]
        if other:
            raise IncompatibleSamplerError(
                f"{type(self).__name__} walks Gaussian and categorical noise; fields {other} have another"
            )


class FirstOrderSampler(ReverseSampler):
    """Steps towards the last estimate; subclasses say how much fresh noise each step adds."""

    def _advance(self, walk: Walk, x_t: MolBatch, span: Span) -> MolBatch:
        return self._move(walk, x_t, walk.estimate(x_t, span[0]), span)


class AncestralSampler(FirstOrderSampler):
    """Draws every step from ``q(x_s | x_t, x0_hat)`` (Ho et al. 2020; EDM, section 3.1)."""

    stochasticity = 1.0


class DDIMSampler(FirstOrderSampler):
    """Deterministic steps (Song et al. 2021, equation 12 with ``eta = 0``).

    On the linear schedule this is Euler's method for the flow, and goes by that name too.
    """

    stochasticity = 0.0


def categorical_fields(noise: JointNoise) -> list[str]:
    """Names of the fields with categorical noise."""
    return [name for name, process in noise.processes.items() if isinstance(process, CategoricalNoise)]


def flow_time(noise: GaussianNoise, t: Tensor) -> Tensor:
    """``sigma / (alpha + sigma)``: when the linear schedule has the same signal-to-noise ratio."""
    alpha, sigma = noise.alpha_sigma(t)
    return sigma / (alpha + sigma)
