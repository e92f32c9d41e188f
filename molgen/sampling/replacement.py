"""Given atoms for models that were not trained with any: replacement with resampling.

A model that takes one time for all atoms of a molecule cannot see that some are given. But a chain can be
made to hold them (Lugmayr et al. 2022, "RePaint"): every step moves the given entries towards what they are
instead of towards the model's estimate, so that at each time they are the given ones with that time's noise.
The free entries of one step do not know yet where the given ones went, so each step is repeated: forward
noise takes the whole molecule back (RePaint's algorithm 1, jumps of one step), and it is drawn down again.

Two things differ from the paper. It draws the given entries of each step from ``q(x_s | x0)`` anew; here it
is ``q(x_s | x_t, x0)``, which has the same marginal, and which deterministic samplers take along one path.
And where training coupled noise to molecules, fresh noise on ``x_s`` is none that the model knows: positions
go back by coupling new noise to the estimate of the whole molecule, given atoms in their places.

Frame. The chain keeps the centre of mass of all atoms at zero, but where that lies in the frame of the given
atoms is known only when the others are drawn. What is known is each given position relative to the centroid
of the ``k`` given atoms: a linear map of the centred molecule onto ``3 (k - 1)`` dimensions, on which its
isotropic noise is isotropic and independent of the rest. So these dimensions are replaced, the centroid stays
the model's, nothing needs to be superposed, and a shift at the end leads to the user's frame. Rotations need
no care: noise and denoiser know no directions, so that the user's orientation is as good as any.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor

from molgen.core.batch import MolBatch
from molgen.core.contracts import Condition, Denoiser
from molgen.core.errors import InputError
from molgen.core.geometry import masked_mean
from molgen.core.levels import NoiseLevels
from molgen.core.tasks import Given, in_frame
from molgen.noise.joint import JointNoise
from molgen.noise.process import StepTimes
from molgen.sampling.reverse import ReverseSampler, Samples, Span, Walk

DEFAULT_RESAMPLE = 5
"""How often a step is taken where nothing else is said."""
_CERTAIN = 60.0
"""Score of a known category: the softmax leaves 1e-26 for the others, which no draw of a float sees."""


class Replacement(ReverseSampler):
    """Walks as another sampler does, with given entries put in place at every step, and each step repeated.

    All entries of a molecule share one time, so any denoiser will do, and noise may remain at ``t = 0``;
    unless the sampler keeps categories ahead.

    Args:
        sampler: Takes the steps.
        resample: How often each step is taken; at 1 the free entries hardly fit the given ones.

    Raises:
        InputError: ``resample`` is less than 1.
    """

    stochasticity: ClassVar[float] = 0.0

    def __init__(self, sampler: ReverseSampler, resample: int = DEFAULT_RESAMPLE) -> None:
        if resample < 1:
            raise InputError(f"replacement takes every step at least once, got --resample {resample}; try 5")
        self.sampler = sampler
        self.resample = resample
        self.grid, self.times = sampler.grid, sampler.times
        self.churn, self.lead = sampler.churn, sampler.lead
        # Who has to replace has a model that was not trained with given atoms, nor then with given graphs.
        self.polish = None

    def _walk_nfe(self, noise: JointNoise) -> int:
        """Every step but the last estimate counts ``resample`` times."""
        return self.resample * (self.sampler._walk_nfe(noise) - 1) + 1

    def check(self, noise: JointNoise) -> None:
        """See base."""
        self.sampler.check(noise)

    def __call__(
        self,
        denoiser: Denoiser,
        noise: JointNoise,
        template: MolBatch,
        generator: torch.Generator,
        given: Given | None = None,
    ) -> Samples:
        """See base; without given entries, the other sampler's own chain."""
        if given is None or not given.free:
            return self.sampler(denoiser, noise, template, generator, given)
        whole = replace(given, free={})
        drawn = super().__call__(
            Informed(denoiser, given, noise.gaussian_fields), noise, template, generator, whole
        )
        return Samples(_restored(given, drawn.molecules), drawn.nfe * denoiser.evaluations)

    def _pass(self, walk: Walk, x_t: MolBatch, span: Span, below: NoiseLevels) -> MolBatch:
        for _ in range(self.resample - 1):
            x_t = _back(walk, super()._pass(walk, x_t, span, below), span)
            # The next estimate is made at the same time, and a slope needs two times.
            walk.previous_levels = None
        return super()._pass(walk, x_t, span, below)

    def _advance(self, walk: Walk, x_t: MolBatch, span: Span) -> MolBatch:
        return self.sampler._advance(walk, x_t, span)


class Informed(Denoiser):
    """A denoiser's estimate, with what is given put in place; asks it once a call.

    It has no symmetry, as given positions lie fixed in space.

    Args:
        denoiser: The model.
        given: Clean molecules and which of their entries are free.
        gaussian_fields: Fields whose estimates are values; those of the others are scores.
    """

    def __init__(self, denoiser: Denoiser, given: Given, gaussian_fields: tuple[str, ...]) -> None:
        super().__init__()
        self.denoiser = denoiser
        self.known = given.anchored().molecules
        self.free = given.levels(1.0, given.molecules)
        self.gaussian_fields = gaussian_fields
        self.level_support = denoiser.level_support

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base."""
        x0_hat = self.denoiser(x_t, levels, cond, previous)
        return x0_hat.map(lambda name, value: torch.where(self._given(name), self._truth(name, value), value))

    def _given(self, name: str) -> Tensor:
        """Given real entries of a field, with a last axis of 1 added."""
        return (self.known.entry_mask(name) & ~self.free.free(name, self.known)).unsqueeze(-1)

    def _truth(self, name: str, estimate: Tensor) -> Tensor:
        """What a perfect denoiser would say of the given entries of a field."""
        if name == "pos":
            given = self._given("pos")
            return self.known.pos + masked_mean(estimate * given, given.squeeze(-1))
        value = self.known[name]
        return value if name in self.gaussian_fields else _CERTAIN * value


def _back(walk: Walk, x_s: MolBatch, span: Span) -> MolBatch:
    """Draw every field at the start of a step again, given its end; coupled positions given the estimate."""
    start, end = span
    noise = walk.noise
    noisier = {
        name: process.renoise(
            x_s[name], StepTimes(t=start[name], s=end[name]), x_s.entry_mask(name), walk.generator
        )
        for name, process in noise.processes.items()
    }
    if noise.coupling is not None:
        assert walk.previous is not None
        whole = x_s.replace(pos=walk.previous.pos)
        noisier["pos"] = noise.corrupt_coupled(whole, start, walk.generator).pos
    return MolBatch.from_fields(x_s.mask, noisier)


def _restored(given: Given, drawn: MolBatch) -> MolBatch:
    """Bring molecules into the user's frame, given entries to the last bit."""
    levels = given.levels(1.0, given.molecules)
    placed = in_frame(drawn, levels)
    entries = {
        name: torch.where(levels.free(name, drawn).unsqueeze(-1), value, given.molecules[name])
        for name, value in placed.items()
    }
    return given.restored(placed.replace(**entries))
