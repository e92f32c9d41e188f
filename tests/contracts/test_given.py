"""What is given stays as it is to the last bit, in every task, with every sampler and noise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from trees import random_trees

from molgen.core import Denoiser, LevelSupport, MolBatch, NoiseLevels, Vocab
from molgen.core.contracts import Condition
from molgen.core.errors import IncompatibleSamplerError
from molgen.core.fragments import GivenFragment
from molgen.core.tasks import Given, GivenFields, Task
from molgen.noise import EquivariantTransport, JointNoise
from molgen.sampling import SAMPLERS

NOISES = sorted((Path(__file__).parents[2] / "configs" / "noise").glob("*.yaml"))
SIZES = [8, 5, 3, 1]
TASKS: dict[str, Task] = {
    "formula": GivenFields(["atom"]),
    "conformer": GivenFields(["atom", "charge", "bond"]),
    "bonds": GivenFields(["pos", "atom", "charge"]),
    "fragment": GivenFragment(),
}


class Restless(Denoiser):
    """Moves everything, given or not, and counts how often it is asked."""

    level_support = LevelSupport.PER_ENTRY

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base."""
        self.calls += 1
        return x_t.map(lambda _, value: 0.3 * value + torch.cos(3 * value)).masked()


@pytest.fixture(scope="module", params=NOISES, ids=lambda path: path.stem)
def joint(
    request: pytest.FixtureRequest, build: Callable[[Path, object], Callable[..., JointNoise]], vocab: Vocab
) -> JointNoise:
    """Every shipped noise, clean at zero and not; uncoupled, so that every sampler may walk it."""
    shipped = build(request.param, Callable[[Vocab], JointNoise])(vocab)
    return JointNoise(vocab, shipped.processes)


def given_parts(known: Given, name: str) -> Tensor:
    """Real entries of a field that are given."""
    return known.molecules.entry_mask(name) & ~known.levels(1.0, known.molecules).free(name, known.molecules)


@pytest.mark.parametrize("churn", [0.0, 0.3])
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", SAMPLERS)
def test_given_entries_stay(joint: JointNoise, name: str, task: str, churn: float) -> None:
    """Although the denoiser would move them; noise that is not clean at time 0 is refused."""
    generator = torch.Generator().manual_seed(1)
    trees = random_trees(SIZES, generator)
    free = TASKS[task].free(trees, generator)
    known = Given(trees.select(joint.fields), {name: free[name] for name in joint.fields})
    denoiser, sampler = Restless(), SAMPLERS[name](4, churn=churn)
    if not joint.clean_at_zero:
        with pytest.raises(IncompatibleSamplerError, match="vanishes at t = 0"):
            sampler(denoiser, joint, known.molecules, generator, known)
        return
    drawn = sampler(denoiser, joint, known.molecules, generator, known).molecules
    assert any(given_parts(known, field).any() for field in joint.fields)
    for field, value in known.molecules.items():
        parts = given_parts(known, field)
        assert torch.equal(drawn[field][parts], value[parts]), field
        assert not drawn[field][~drawn.entry_mask(field)].any(), field
    for field in joint.categorical_fields:
        chosen = drawn[field][drawn.entry_mask(field)]
        assert torch.equal(chosen.sum(dim=-1), torch.ones(len(chosen), dtype=chosen.dtype)), field
    moved = known.levels(1.0, trees).free("pos", trees) & (trees.num_atoms > 1).unsqueeze(1)
    assert ((drawn.pos - trees.pos)[moved].abs().sum(dim=-1) > 1e-6).all()


@pytest.mark.parametrize("churn", [0.0, 0.3])
@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("name", SAMPLERS)
def test_nfe_is_the_number_of_calls(joint: JointNoise, name: str, steps: int, churn: float) -> None:
    """Said before, counted while drawing, whether the noise is clean at time 0 or not."""
    denoiser, sampler = Restless(), SAMPLERS[name](steps, churn=churn)
    template = joint.template(torch.tensor(SIZES), torch.float64)
    samples = sampler(denoiser, joint, template, torch.Generator().manual_seed(0))
    assert samples.nfe == sampler.nfe(joint) == denoiser.calls


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_seed_decides(joint: JointNoise, name: str) -> None:
    """The same seed gives the same molecules bit by bit, with churn too; another seed gives others."""
    template = joint.template(torch.tensor(SIZES), torch.float64)
    first, again, other = (
        SAMPLERS[name](3, churn=0.2)(
            Restless(), joint, template, torch.Generator().manual_seed(seed)
        ).molecules
        for seed in (3, 3, 4)
    )
    for field, value in first.items():
        assert torch.equal(value, again[field])
    assert not torch.equal(first.pos, other.pos)


def test_the_template_is_not_read(joint: JointNoise) -> None:
    """With nothing given, the values of the template change nothing, its centre included."""
    trees = random_trees(SIZES, torch.Generator().manual_seed(0)).select(joint.fields)
    blank = joint.template(torch.tensor(SIZES), torch.float64)
    drawn = [
        SAMPLERS["ddim"](3)(Restless(), joint, template, torch.Generator().manual_seed(1)).molecules
        for template in (trees, blank)
    ]
    for field, value in drawn[0].items():
        assert torch.equal(value, drawn[1][field])


def test_an_analogue_starts_near_its_molecule(joint: JointNoise) -> None:
    """From a time of 0.001 the molecule itself comes back, in its own frame, but not to the bit."""
    trees = random_trees(SIZES, torch.Generator().manual_seed(0)).select(joint.fields)

    class Believer(Restless):
        def forward(
            self,
            x_t: MolBatch,
            levels: NoiseLevels,
            cond: Condition | None = None,
            previous: MolBatch | None = None,
        ) -> MolBatch:
            return x_t

    known = Given(trees, start=1e-3)
    drawn = SAMPLERS["ddim"](2)(Believer(), joint, trees, torch.Generator().manual_seed(1), known).molecules
    assert 0 < (drawn.pos - trees.pos).abs().max() < 0.05


def test_coupled_noise_is_not_drawn_afresh(joint: JointNoise) -> None:
    """A sampler that redraws position noise refuses a model trained on coupled noise; the others walk it."""
    coupled = JointNoise(joint.vocab, joint.processes, EquivariantTransport())
    for sampler in SAMPLERS.values():
        chosen = sampler(2)
        if chosen.stochasticity > 0:
            with pytest.raises(IncompatibleSamplerError, match="deterministic"):
                chosen.check(coupled)
            chosen.check(joint)
        else:
            chosen.check(coupled)
    assert any(sampler.stochasticity > 0 for sampler in SAMPLERS.values()), "no case was refused"
