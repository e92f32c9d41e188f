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
from molgen.sampling.polish import Polish
from molgen.sampling.steering import Steered

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
        self.nfe += self.denoiser.evaluations
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
        lead: Categories stand at ``t ** lead``, ahead of positions, for models that were trained so; what
            few steps cannot draw together they draw one after the other.
        polish: What brings positions to their last digits once the chain has ended; nothing by default.

    Raises:
        InputError: ``steps`` or ``lead`` is less than 1 or ``churn`` is not in [0, 1).
    """

    stochasticity: ClassVar[float]

    def __init__(
        self,
        steps: int = 1000,
        grid: TimeGrid | None = None,
        churn: float = 0.0,
        lead: float = 1.0,
        polish: Polish | None = None,
    ) -> None:
        if not 0 <= churn < 1:
            raise InputError(f"churn must be in [0, 1), got {churn}")
        if not lead >= 1:
            raise InputError(f"lead must be at least 1, got {lead}")
        self.grid = UniformGrid() if grid is None else grid
        self.times = self.grid.times(steps)
        self.churn = churn
        self.lead = lead
        self.polish = polish

    def nfe(self, noise: JointNoise) -> int:
        """Number of denoiser evaluations per molecule; polishing makes none where all positions are given."""
        return self._walk_nfe(noise) + (0 if self.polish is None else self.polish.steps)

    def _walk_nfe(self, noise: JointNoise) -> int:
        """Evaluations of the chain: one per step, and one where ``t = 0`` is noisy."""
        return len(self.times) - 1 if noise.clean_at_zero else len(self.times)

    @torch.no_grad()
    def __call__(
        self,
        denoiser: Denoiser,
        noise: JointNoise,
        template: MolBatch,
        generator: torch.Generator,
        given: Given | None = None,
    ) -> Samples:
        """Draw molecules.

        Args:
            denoiser: The model, in evaluation mode, on the template's device.
            noise: The noise process that it was trained on.
            template: Gives sizes, float type and device; its values are not read. Its labels, where it has
                some, are what the molecules are asked to have.
            generator: Source of randomness, on the same device.
            given: What is known of the molecules; nothing by default.

        Returns:
            Molecules with the template's mask, in the frame of what is given.

        Raises:
            IncompatibleSamplerError: A field's noise is of a kind that this sampler cannot walk, or entries
                are given but noise remains at ``t = 0``.
            LevelSupportError: Entries are given or polished, but the denoiser takes one time per molecule.
        """
        self.check(noise)
        if self.polish is not None:
            self.polish.check_levels(denoiser)
        walk = Walk(denoiser, noise, template.labels or None, generator)
        source = Given.nothing(template) if given is None else given
        if source.free and not noise.clean_at_zero:
            raise IncompatibleSamplerError(
                "given entries need noise that vanishes at t = 0, as in configs/noise/joint.yaml"
            )
        if source.hands is not None:
            walk.denoiser = Steered(denoiser, source.hands)
        known = source.anchored()
        times = (self.times * known.start).tolist()[: -1 if noise.clean_at_zero else None]
        x_t = self._begin(walk, template, known, times[0])
        for t, s in itertools.pairwise(times):
            span = (self._levels(known, t, x_t), self._levels(known, s, x_t))
            x_t = self._pass(walk, x_t, span, self._levels(known, s * (1 - self.churn), x_t))
        levels = self._levels(known, times[-1], x_t)
        molecules = noise.reconstruct(x_t, walk.estimate(x_t, levels), levels, generator)
        if self.polish is not None:
            molecules, calls = self.polish(walk.denoiser, noise, molecules, known, walk.cond)
            walk.nfe += calls
        return Samples(molecules if given is None else source.restored(molecules), walk.nfe)

    def _levels(self, known: Given, t: float, batch: MolBatch) -> NoiseLevels:
        return known.levels(t, batch).led(self.lead)

    def _begin(self, walk: Walk, template: MolBatch, known: Given, t: float) -> MolBatch:
        """The first state: the prior, or the given molecules with noise where they are free."""
        if not known.molecules_matter:
            return walk.noise.prior(template, walk.generator)
        molecules = known.molecules.select(walk.noise.fields)
        levels = self._levels(known, t, molecules)
        if known.start < 1:
            return walk.noise.corrupt_coupled(molecules, levels, walk.generator)
        blank = molecules.map(
            lambda name, value: torch.where(levels.free(name, molecules).unsqueeze(-1), 0.0, value)
        )
        return walk.noise.corrupt(blank, levels, walk.generator)

    def _pass(self, walk: Walk, x_t: MolBatch, span: Span, below: NoiseLevels) -> MolBatch:
        """Take one step, categories by way of the levels ``below`` its end if there is churn."""
        x_s = self._advance(walk, x_t, span)
        if not self.churn:
            return x_s
        assert walk.previous is not None
        return x_s.replace(**walk.noise.stir(x_t, walk.previous, (*span, below), walk.generator))

    @abstractmethod
    def _advance(self, walk: Walk, x_t: MolBatch, span: Span) -> MolBatch:
        """Take one step."""

    def _move(self, walk: Walk, x_t: MolBatch, x0_hat: MolBatch, span: Span) -> MolBatch:
        return walk.noise.step(x_t, x0_hat, span, self.stochasticity, walk.generator)

    def check(self, noise: JointNoise) -> None:
        """Refuse noise that this sampler cannot walk.

        Raises:
            IncompatibleSamplerError: A field's noise is neither Gaussian nor categorical, the sampler draws
                position noise afresh where training coupled it to the molecules, or categories are ahead but
                noise remains at ``t = 0``.
        """
        if self.stochasticity > 0 and noise.coupling is not None:
            raise IncompatibleSamplerError(
                f"{type(self).__name__} draws position noise at every step, but this model knows only noise "
                "that was coupled to its molecules; use a deterministic sampler: ddim (euler), heun or dpm"
            )
        if self.polish is not None:
            self.polish.check(noise)
        if self.lead > 1 and not noise.clean_at_zero:
            raise IncompatibleSamplerError(
                "a lead needs noise that vanishes at t = 0, as in configs/noise/joint.yaml; leave it at 1"
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


def flow_time(noise: GaussianNoise, t: Tensor) -> Tensor:
    """``sigma / (alpha + sigma)``: when the linear schedule has the same signal-to-noise ratio."""
    alpha, sigma = noise.alpha_sigma(t)
    return sigma / (alpha + sigma)
