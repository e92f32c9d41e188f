"""What every sampler in ``configs/sampling`` owes its callers; adding a YAML there adds its tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from molgen.core import Denoiser, LevelSupport, MolBatch, NoiseLevels
from molgen.core.contracts import Condition
from molgen.core.errors import IncompatibleSamplerError, InputError
from molgen.core.geometry import centre, random_rotation
from molgen.noise import JointNoise, LinearSchedule, NoiseProcess, PositionNoise, UniformCategorical
from molgen.noise.process import StepTimes
from molgen.sampling import SAMPLERS, Generator, ReverseSampler
from molgen.sampling.grid import TimeGrid

CONFIGS = sorted((Path(__file__).parents[2] / "configs" / "sampling").glob("*.yaml"))
SIZES = torch.tensor([3, 6, 1, 4])


class Recorder(Denoiser):
    """An equivariant denoiser that keeps every state and time it was shown."""

    level_support = LevelSupport.PER_MOLECULE

    def __init__(self) -> None:
        super().__init__()
        self.states: list[MolBatch] = []
        self.times: list[Tensor] = []

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base."""
        self.states.append(x_t)
        self.times.append(levels.per_molecule())
        near = torch.exp(-x_t.pos.square().sum(dim=-1, keepdim=True))
        return x_t.replace(pos=centre(near * x_t.pos, x_t.mask))


class Oracle(Denoiser):
    """Always predicts the same clean molecules."""

    level_support = LevelSupport.PER_ENTRY

    def __init__(self, x0: MolBatch) -> None:
        super().__init__()
        self.x0 = x0

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base."""
        return self.x0


class FlipNoise(NoiseProcess):
    """A process without alpha and sigma, on which a Gaussian step means nothing."""

    clean_at_zero = True

    def corrupt(self, x0: Tensor, t: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        return x0

    def prior(self, like: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        return torch.zeros_like(like)

    def loss(self, x0_hat: Tensor, x0: Tensor, t: Tensor, mask: Tensor) -> Tensor:
        return x0.new_zeros(len(x0))

    def step(
        self,
        x_t: Tensor,
        x0_hat: Tensor,
        times: StepTimes,
        stochasticity: float,
        mask: Tensor,
        generator: torch.Generator,
    ) -> Tensor:
        return x_t

    def renoise(self, x_s: Tensor, times: StepTimes, mask: Tensor, generator: torch.Generator) -> Tensor:
        return x_s

    def reconstruct(self, x_0: Tensor, x0_hat: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        return x_0

    def prior_kl(self, x0: Tensor, mask: Tensor) -> Tensor:
        return x0.new_zeros(len(x0))

    def step_kl(self, x_t: Tensor, x0_hat: Tensor, x0: Tensor, times: StepTimes, mask: Tensor) -> Tensor:
        return x0.new_zeros(len(x0))

    def reconstruction_nll(self, x0: Tensor, x_0: Tensor, x0_hat: Tensor, mask: Tensor) -> Tensor:
        return x0.new_zeros(len(x0))

    def log_volume(self, mask: Tensor, width: int) -> Tensor:
        return torch.zeros(len(mask))


class FewSteps(TimeGrid):
    """Twelve steps, of any kind."""

    def times(self, steps: int) -> Tensor:
        return torch.linspace(1, 0, 13, dtype=torch.float64) ** 2


@pytest.fixture(scope="module", params=CONFIGS, ids=lambda path: path.stem)
def sampler(
    request: pytest.FixtureRequest, build: Callable[..., Callable[..., Any]], noise: JointNoise
) -> ReverseSampler:
    """The sampler of a YAML on a short, uneven grid."""
    factory = build(request.param, Callable[[Denoiser, JointNoise], Generator])
    shipped = factory(None, noise).sampler
    return type(shipped)(grid=FewSteps())


def draw(sampler: ReverseSampler, denoiser: Denoiser, noise: JointNoise, seed: int = 0) -> MolBatch:
    template = noise.template(SIZES, dtype=torch.float64)
    return sampler(denoiser, noise, template, torch.Generator().manual_seed(seed)).molecules


def test_visits_the_grid_from_prior_to_data(sampler: ReverseSampler, noise: JointNoise) -> None:
    """As many calls as promised, at every time of the grid, in order; the first state is the prior's."""
    recorder = Recorder()
    draw(sampler, recorder, noise)
    assert len(recorder.times) == sampler.nfe(noise)
    seen = torch.stack(recorder.times).unique_consecutive(dim=0)
    assert torch.equal(seen, FewSteps().times(0).unsqueeze(1).expand(-1, len(SIZES)))
    prior = noise.prior(noise.template(SIZES, dtype=torch.float64), torch.Generator().manual_seed(0))
    assert all(torch.equal(value, recorder.states[0][name]) for name, value in prior.items())


def test_states_stay_masked_and_centred(sampler: ReverseSampler, noise: JointNoise) -> None:
    recorder = Recorder()
    molecules = draw(sampler, recorder, noise)
    for batch in [*recorder.states, molecules]:
        assert torch.equal(batch.num_atoms, SIZES)
        assert batch.pos.sum(dim=1).abs().max() < 1e-10
        assert all(torch.equal(value, batch.masked()[name]) for name, value in batch.items())


def test_an_oracle_is_believed(sampler: ReverseSampler, noise: JointNoise) -> None:
    """If every prediction is the same molecule, that molecule comes out: types exactly, positions to
    the noise ``sqrt(1e-5)`` angstrom that level 0 keeps.
    """
    generator = torch.Generator().manual_seed(1)
    template = noise.template(SIZES, dtype=torch.float64)
    pos = centre(torch.randn(template.pos.shape, generator=generator, dtype=torch.float64), template.mask)
    kind = torch.randint(0, 5, template.mask.shape, generator=generator)
    atom = torch.nn.functional.one_hot(kind, 5).double()
    x0 = template.replace(pos=pos, atom=atom, number=1.0 + kind.unsqueeze(-1)).masked()
    drawn = draw(sampler, Oracle(x0), noise)
    assert torch.equal(drawn["atom"], x0["atom"]) and torch.equal(drawn["number"], x0["number"])
    assert 0 < (drawn.pos - x0.pos).abs().max() < 6 * 2 * 1e-5**0.5


class Watcher(Oracle):
    """An oracle that keeps the times it was shown, field by field."""

    def __init__(self, x0: MolBatch) -> None:
        super().__init__(x0)
        self.levels: list[NoiseLevels] = []

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base."""
        self.levels.append(levels)
        return super().forward(x_t, levels, cond, previous)


def test_a_lead_keeps_categories_ahead_all_the_way(sampler: ReverseSampler, noise: JointNoise) -> None:
    """Positions visit the grid, categories its powers; the walk ends at the same molecule."""
    straight = LinearSchedule()
    joint = JointNoise(noise.vocab, {"pos": PositionNoise(straight), "atom": UniformCategorical(straight)})
    template = joint.template(SIZES, dtype=torch.float64)
    kind = torch.randint(0, 5, template.mask.shape, generator=torch.Generator().manual_seed(1))
    atom = torch.nn.functional.one_hot(kind, 5).double()
    watcher = Watcher(template.replace(atom=atom).masked())
    # Logits: a category that is certain.
    watcher.x0 = watcher.x0.replace(atom=100 * watcher.x0["atom"])
    leading = type(sampler)(grid=FewSteps(), lead=1.5, churn=0.3)
    drawn = draw(leading, watcher, joint)
    assert torch.equal(drawn["atom"], watcher.x0["atom"] / 100)
    times = torch.stack([levels["pos"][0, 0] for levels in watcher.levels]).unique_consecutive()
    torch.testing.assert_close(times, FewSteps().times(0)[:-1])
    for levels in watcher.levels:
        torch.testing.assert_close(levels["atom"], levels["pos"] ** 1.5)


def test_a_lead_needs_noise_that_vanishes(sampler: ReverseSampler, noise: JointNoise) -> None:
    """Of EDM's noise something is left at 0, where a lead would take it for given."""
    with pytest.raises(IncompatibleSamplerError, match="vanishes at t = 0"):
        type(sampler)(grid=FewSteps(), lead=1.5).check(noise)


@pytest.mark.parametrize("lead", [0.9, float("nan")])
def test_a_lead_below_one_is_refused(sampler: ReverseSampler, lead: float) -> None:
    with pytest.raises(InputError, match="lead must be at least 1"):
        type(sampler)(grid=FewSteps(), lead=lead)


def test_turned_noise_gives_turned_molecules(sampler: ReverseSampler, noise: JointNoise) -> None:
    """With an equivariant denoiser, turning every draw of position noise turns the molecules."""
    matrix = random_rotation(1, torch.Generator().manual_seed(2), torch.float64)[0]

    class TurnedNoise(PositionNoise):
        def project(self, noise: Tensor, mask: Tensor) -> Tensor:
            return super().project(noise @ matrix.T, mask)

    straight = noise.processes["pos"]
    assert isinstance(straight, PositionNoise)
    turned = JointNoise(noise.vocab, {"pos": TurnedNoise(straight.schedule, straight.unit)})
    alone = JointNoise(noise.vocab, {"pos": straight})
    expected = draw(sampler, Recorder(), alone).rotate(matrix)
    torch.testing.assert_close(draw(sampler, Recorder(), turned).pos, expected.pos, rtol=0, atol=1e-10)


def test_noise_of_another_kind_is_refused(sampler: ReverseSampler, noise: JointNoise) -> None:
    """The error names the sampler and the fields, and comes before anything is computed."""
    recorder = Recorder()
    mixed = JointNoise(noise.vocab, {"pos": noise.processes["pos"], "atom": FlipNoise()})
    with pytest.raises(IncompatibleSamplerError, match=rf"{type(sampler).__name__}.*\['atom'\]"):
        draw(sampler, recorder, mixed)
    assert not recorder.states


def test_shipped_samplers_are_registered() -> None:
    """The glob finds the shipped configurations, and each can be named on the command line."""
    assert {SAMPLERS[path.stem] for path in CONFIGS} == set(SAMPLERS.values())
