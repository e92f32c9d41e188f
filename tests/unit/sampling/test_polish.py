"""Polishing goes uphill in the density, touches free positions alone, and counts its evaluations."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

import pytest
import torch

from molgen.core import Denoiser, LevelSupport, MolBatch, NoiseLevels, Vocab
from molgen.core.contracts import Condition
from molgen.core.errors import IncompatibleSamplerError, InputError, LevelSupportError
from molgen.core.geometry import centre
from molgen.core.tasks import Given, GivenFields
from molgen.noise import (
    EquivariantTransport,
    JointNoise,
    LinearSchedule,
    PositionNoise,
    UniformCategorical,
)
from molgen.sampling import DDIMSampler, Generator, HeunSampler, LogGrid, Polish, Replacement

SIZES = torch.tensor([3, 5, 2])
SPREAD = 0.3
"""Standard deviation of the positions that the exact denoiser knows, noise units."""


@pytest.fixture
def joint(vocab: Vocab) -> JointNoise:
    """Noise on positions and elements that vanishes at ``t = 0``."""
    schedule = LinearSchedule()
    return JointNoise(vocab, {"pos": PositionNoise(schedule), "atom": UniformCategorical(schedule)})


class Exact(Denoiser):
    """Knows that positions are normal about ``centres``: its estimate is the posterior mean."""

    level_support = LevelSupport.PER_ENTRY

    def __init__(self, centres: torch.Tensor) -> None:
        super().__init__()
        self.centres = centres
        self.times: list[float] = []

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base."""
        sigma = levels["pos"].unsqueeze(-1)
        alpha = 1 - sigma
        centres = self.centres[:, : x_t.pos.shape[1]]
        gain = alpha * SPREAD**2 / ((alpha * SPREAD) ** 2 + sigma.square()).clamp(min=1e-12)
        self.times.append(float(sigma.max()))
        return x_t.replace(pos=centres + gain * (x_t.pos - alpha * centres))


@dataclass
class Case:
    """Molecules near the centres that a denoiser knows."""

    noise: JointNoise
    generator: torch.Generator
    molecules: MolBatch = field(init=False)
    model: Exact = field(init=False)

    def __post_init__(self) -> None:
        """Draw both."""
        blank = self.noise.template(SIZES)
        draw = lambda: torch.randn(blank.pos.shape, generator=self.generator)  # noqa: E731
        centres = centre(draw(), blank.mask)
        atom = torch.nn.functional.one_hot(torch.ones_like(blank.mask, dtype=torch.int64), 5).float()
        pos = centre(centres + SPREAD * draw(), blank.mask)
        self.molecules = blank.replace(pos=pos, atom=atom * blank.mask.unsqueeze(-1))
        self.model = Exact(centres * blank.mask.unsqueeze(-1))

    def polished(self, polish: Polish, known: Given) -> MolBatch:
        """Polish them; the evaluations that are counted were made."""
        before = len(self.model.times)
        molecules, calls = polish(self.model, self.noise, self.molecules, known)
        assert calls == len(self.model.times) - before
        return molecules

    def distance(self, molecules: MolBatch) -> float:
        """Root mean square distance to the mode."""
        return float((molecules.pos - self.model.centres).square().mean().sqrt())


@pytest.fixture
def case(joint: JointNoise, generator: torch.Generator) -> Case:
    """See :class:`Case`."""
    return Case(joint, generator)


def test_positions_move_to_the_mode_and_nothing_else_does(case: Case) -> None:
    polished = case.polished(Polish(6, 0.5, 0.1), Given.nothing(case.molecules))
    assert case.distance(polished) < 0.15 * case.distance(case.molecules)
    assert polished.atom.equal(case.molecules.atom) and polished.mask.equal(case.molecules.mask)
    levels = case.model.times
    assert len(levels) == 6 and levels[0] == pytest.approx(0.5) and levels[-1] == pytest.approx(0.1)
    ratios = [b / a for a, b in itertools.pairwise(levels)]
    assert ratios == pytest.approx([ratios[0]] * 5) and ratios[0] < 1


def test_a_step_is_one_of_mean_shift(case: Case) -> None:
    """``x + sigma^2 / alpha`` times the slope of the smoothed log density, scaled back to clean data."""
    t = 0.2
    polished = case.polished(Polish(1, t, t), Given.nothing(case.molecules))
    alpha, variance = 1 - t, ((1 - t) * SPREAD) ** 2 + t**2
    slope = -(alpha * (case.molecules.pos - case.model.centres)) / variance
    assert torch.allclose(polished.pos, case.molecules.pos + t**2 / alpha * slope, atol=1e-6)


class Coupled(Denoiser):
    """Knows how far the noise that it was trained on leans to its molecules, and no more of them."""

    level_support = LevelSupport.PER_ENTRY

    def __init__(self, lean: torch.Tensor) -> None:
        super().__init__()
        self.lean = lean

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base."""
        sigma = levels["pos"].unsqueeze(-1)
        return x_t.replace(pos=x_t.pos / (1 - sigma + sigma * self.lean))


def test_molecules_keep_their_size_where_noise_was_coupled(joint: JointNoise, case: Case) -> None:
    """Without the lean of the noise they shrink by ``1 - (1 - t) / (1 - t + t lean)``."""
    coupled = JointNoise(joint.vocab, joint.processes, EquivariantTransport())
    free = GivenFields(["atom"]).free(case.molecules, case.generator)
    lean = coupled.lean(case.molecules, NoiseLevels.partial(torch.ones(3), case.molecules, free))
    known, t = Given.nothing(case.molecules), 0.1
    kept, _ = Polish(1, t, t, lean=1.0)(Coupled(lean), coupled, case.molecules, known)
    assert lean.min() > 0.1 and torch.allclose(kept.pos, case.molecules.pos, atol=1e-6)
    shrunk, _ = Polish(1, t, t, lean=0.0)(Coupled(lean), coupled, case.molecules, known)
    assert torch.allclose(shrunk.pos, case.molecules.pos * (1 - t) / (1 - t + t * lean), atol=1e-6)


def test_given_positions_stay_to_the_last_bit(case: Case) -> None:
    free = torch.ones_like(case.molecules.mask)
    free[:, 0] = False
    polished = case.polished(Polish(), Given(case.molecules, {"pos": free}))
    assert polished.pos[:, 0].equal(case.molecules.pos[:, 0])
    assert not polished.pos[:, 1].equal(case.molecules.pos[:, 1])
    whole = Given(case.molecules, GivenFields(["pos"]).free(case.molecules, case.generator))
    assert case.polished(Polish(), whole) is case.molecules


def test_no_step_is_later_than_the_start(case: Case) -> None:
    case.polished(Polish(3, 0.2, 0.1), Given(case.molecules, start=0.05))
    assert case.model.times == pytest.approx([0.05, 0.05 * 2**-0.5, 0.025])


def test_evaluations_are_counted(case: Case) -> None:
    grid = LogGrid(0.1)
    for kind, calls in ((DDIMSampler, 5), (HeunSampler, 9)):
        sampler = kind(5, grid, polish=Polish(3))
        template = case.noise.template(SIZES)
        drawn = sampler(case.model.eval(), case.noise, template, case.generator)
        assert sampler.nfe(case.noise) == drawn.nfe == calls + 3
    given = Given(case.molecules, GivenFields(["pos"]).free(case.molecules, case.generator))
    before = len(case.model.times)
    drawn = sampler(case.model, case.noise, case.molecules, case.generator, given)
    assert drawn.nfe == len(case.model.times) - before == 9


def test_replacement_does_without(case: Case) -> None:
    sampler = Replacement(DDIMSampler(5, LogGrid(0.1), polish=Polish(3)), resample=2)
    assert sampler.polish is None and sampler.nfe(case.noise) == 2 * 4 + 1


def test_bad_numbers_and_noise_at_zero_are_refused(noise: JointNoise) -> None:
    for numbers in ((0, 0.1, 0.01), (2, 0.01, 0.1), (2, 1.0, 0.1), (2, 0.1, 0.0)):
        with pytest.raises(InputError, match="polishing takes"):
            Polish(*numbers)
    with pytest.raises(InputError, match=r"lean of polishing must be in \[0, 1\], got 1.5"):
        Polish(lean=1.5)
    with pytest.raises(IncompatibleSamplerError, match="polishing needs noise that vanishes"):
        DDIMSampler(4, polish=Polish()).check(noise)


def test_molecules_that_are_there_are_polished_in_order(case: Case) -> None:
    source = Generator(case.model, case.noise, DDIMSampler(3), batch_size=2)
    case.model.anchor = torch.nn.Parameter(torch.zeros(()))
    with pytest.raises(InputError, match="batch-size"):
        replace(source, batch_size=0).polished(Given.nothing(case.molecules), Polish())
    shifted = case.molecules.replace(pos=case.molecules.pos + 2.0 * case.molecules.mask.unsqueeze(-1))
    case.model.centres = torch.zeros(1, 5, 3)
    polished = replace(source, batch_size=1).polished(Given.nothing(shifted), Polish(3, 0.5, 0.2))
    assert [len(m.pos[0]) for m in polished] == SIZES.tolist()
    for row, molecule in enumerate(polished):
        centroid = shifted.pos[row, : SIZES[row]].mean(dim=0)
        assert torch.allclose(molecule.pos[0].mean(dim=0), centroid, atol=1e-5), "each in its own frame"


def test_what_the_chain_refuses_polishing_refuses(noise: JointNoise, case: Case) -> None:
    source = Generator(case.model, noise, DDIMSampler(3))
    with pytest.raises(IncompatibleSamplerError, match="polishing needs noise that vanishes"):
        source.polished(Given.nothing(noise.template(SIZES)), Polish())


def test_a_network_of_one_time_is_refused_before_the_chain(joint: JointNoise) -> None:
    """Else all its steps would have been for nothing."""

    class Narrow(Exact):
        """Takes one time per molecule."""

        level_support = LevelSupport.PER_MOLECULE

    denoiser = Narrow(torch.zeros(len(SIZES), int(SIZES.max()), 3))
    with pytest.raises(LevelSupportError, match="leave polish out"):
        DDIMSampler(4, polish=Polish())(denoiser, joint, joint.template(SIZES), torch.Generator())
    assert denoiser.times == []
