"""Replacement keeps what is given with any denoiser; repeated steps tend to the true conditional."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from molgen.core import Denoiser, LevelSupport, MolBatch, NoiseLevels, Vocab
from molgen.core.contracts import Condition
from molgen.core.errors import IncompatibleSamplerError, InputError, LevelSupportError
from molgen.core.fragments import GivenFragment
from molgen.core.geometry import centre
from molgen.core.tasks import Given
from molgen.noise import EquivariantTransport, JointNoise, LinearSchedule, PositionNoise
from molgen.sampling import SAMPLERS, AncestralSampler, HeunSampler, Replacement
from tests.contracts.exact_gaussian import ExactDenoiser, GaussianPositions
from tests.contracts.trees import random_trees

NOISES = sorted((Path(__file__).parents[3] / "configs" / "noise").glob("*.yaml"))
SIZES = [8, 5, 3]


class OneTime(Denoiser):
    """Takes one time per molecule, moves everything, and counts how often it is asked."""

    level_support = LevelSupport.PER_MOLECULE

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
        levels.per_molecule()
        self.calls += 1
        moved = x_t.map(lambda _, value: 0.3 * value + torch.cos(3 * value)).masked()
        return moved.replace(pos=centre(moved.pos, moved.mask))


class Twice(OneTime):
    """Claims two evaluations of a network a call."""

    evaluations = 2


@pytest.fixture(scope="module", params=NOISES, ids=lambda path: path.stem)
def joint(
    request: pytest.FixtureRequest, build: Callable[[Path, object], Callable[..., JointNoise]], vocab: Vocab
) -> JointNoise:
    """Every shipped noise, clean at zero and not; uncoupled, so that every sampler may walk it."""
    return JointNoise(vocab, build(request.param, Callable[[Vocab], JointNoise])(vocab).processes)


@pytest.fixture
def known(joint: JointNoise) -> Given:
    """Parts of trees, far from the origin."""
    generator = torch.Generator().manual_seed(1)
    trees = random_trees(SIZES, generator)
    free = GivenFragment().free(trees, generator)
    moved = trees.select(joint.fields)
    moved = moved.replace(pos=(moved.pos + 20.0) * moved.mask.unsqueeze(-1))
    return Given(moved, {name: free[name] for name in joint.fields})


def drawn(sampler: Replacement, joint: JointNoise, known: Given, seed: int = 0) -> MolBatch:
    generator = torch.Generator().manual_seed(seed)
    return sampler(OneTime(), joint, known.molecules, generator, known).molecules


@pytest.mark.parametrize("resample", [1, 3])
@pytest.mark.parametrize("name", SAMPLERS)
def test_given_entries_stay_although_the_model_cannot_see_them(
    joint: JointNoise, known: Given, name: str, resample: int
) -> None:
    """To the last bit, in the user's frame; without replacement the same request is refused."""
    molecules = drawn(Replacement(SAMPLERS[name](4, churn=0.3), resample), joint, known)
    for field, value in known.molecules.items():
        free = known.levels(1.0, known.molecules).free(field, known.molecules)
        given = known.molecules.entry_mask(field) & ~free
        assert given.any() and torch.equal(molecules[field][given], value[given]), field
        assert molecules[field].isfinite().all() and not molecules[field][~molecules.entry_mask(field)].any()
    with pytest.raises((IncompatibleSamplerError, LevelSupportError)):
        SAMPLERS[name](4)(OneTime(), joint, known.molecules, torch.Generator(), known)


@pytest.mark.parametrize("resample", [1, 2, 5])
@pytest.mark.parametrize("name", SAMPLERS)
def test_nfe_is_the_number_of_calls(joint: JointNoise, known: Given, name: str, resample: int) -> None:
    """Said before, counted while drawing; a call that evaluates a network twice counts twice."""
    sampler = Replacement(SAMPLERS[name](4), resample)
    for denoiser in (OneTime(), Twice()):
        samples = sampler(denoiser, joint, known.molecules, torch.Generator(), known)
        assert sampler.nfe(joint) == denoiser.calls
        assert samples.nfe == denoiser.calls * denoiser.evaluations
    steps = SAMPLERS[name](4).nfe(joint) - 1
    assert sampler.nfe(joint) == resample * steps + 1


def test_every_pass_of_a_step_stirs_what_it_began_with(
    joint: JointNoise, known: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the last pass alone to stir, from where the first began, what the others drew would be lost."""
    began: list[MolBatch] = []
    moved: list[MolBatch] = []
    stir = JointNoise.stir

    def watched(self: JointNoise, x_t: MolBatch, *rest: Any) -> dict[str, Tensor]:
        began.append(x_t)
        return stir(self, x_t, *rest)

    sampler = SAMPLERS["ddim"](3, churn=0.3)
    advance = sampler._advance
    monkeypatch.setattr(JointNoise, "stir", watched)
    monkeypatch.setattr(
        sampler, "_advance", lambda walk, x_t, span: (moved.append(x_t), advance(walk, x_t, span))[1]
    )
    drawn(Replacement(sampler, 4), joint, known)
    assert len(began) == 4 * (SAMPLERS["ddim"](3).nfe(joint) - 1)
    assert all(a is b for a, b in zip(began, moved, strict=True))


def test_the_seed_decides(joint: JointNoise, known: Given) -> None:
    sampler = Replacement(AncestralSampler(4, churn=0.2), 2)
    first, again, other = (drawn(sampler, joint, known, seed) for seed in (3, 3, 4))
    for field, value in first.items():
        assert torch.equal(value, again[field])
    assert not torch.equal(first.pos, other.pos)


def test_the_frame_of_the_given_atoms_is_the_users(joint: JointNoise, known: Given) -> None:
    """Molecules move with what is given."""
    shift = torch.tensor([3.0, -7.0, 1.0])
    there = known.molecules.replace(pos=(known.molecules.pos + shift) * known.molecules.mask.unsqueeze(-1))
    sampler = Replacement(HeunSampler(4), 2)
    here, moved = drawn(sampler, joint, known), drawn(sampler, joint, replace(known, molecules=there))
    expected = (here.pos + shift) * here.mask.unsqueeze(-1)
    torch.testing.assert_close(moved.pos, expected, rtol=0, atol=1e-4)


def test_without_given_entries_it_is_the_other_sampler(joint: JointNoise) -> None:
    template = joint.template(torch.tensor(SIZES))
    inner = HeunSampler(4)
    own, other = (
        s(OneTime(), joint, template, torch.Generator().manual_seed(2))
        for s in (Replacement(inner, 3), inner)
    )
    assert torch.equal(own.molecules.pos, other.molecules.pos) and own.nfe == other.nfe


def test_coupled_noise_goes_back_coupled(joint: JointNoise, known: Given) -> None:
    """A sampler that draws noise afresh stays refused; going back, noise is paired with the estimate."""
    pairs = 0

    class Counted(EquivariantTransport):
        def __call__(self, x0: MolBatch, noise: Tensor, levels: NoiseLevels) -> Tensor:
            nonlocal pairs
            pairs += 1
            assert levels.molecule_time is not None and x0.pos.mean(dim=1).abs().max() < 1e-4
            return super().__call__(x0, noise, levels)

    coupled = JointNoise(joint.vocab, joint.processes, Counted())
    with pytest.raises(IncompatibleSamplerError, match="deterministic"):
        Replacement(AncestralSampler(3)).check(coupled)
    steps = HeunSampler(3).nfe(coupled) // 2
    drawn(Replacement(HeunSampler(3), 4), coupled, known)
    assert pairs == 3 * steps


@pytest.mark.parametrize("resample", [0, -1])
def test_steps_are_taken_at_least_once(resample: int) -> None:
    with pytest.raises(InputError, match="takes every step at least once, got --resample"):
        Replacement(HeunSampler(3), resample)


ATOMS, HELD, MOLECULES = 4, 2, 2000


def conditional(model: GaussianPositions, seen: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and covariance of the free atoms about the given ones' centroid, given where these lie about it.

    Args:
        model: Of all positions.
        seen: ``(n, 3)`` positions of which the given atoms' are known.
    """
    rows = torch.eye(ATOMS, dtype=torch.float64)
    rows = rows - (torch.arange(ATOMS) < HELD).double() / HELD
    about = torch.kron(rows, torch.eye(3, dtype=torch.float64))
    known, wanted = about[: 3 * HELD], about[3 * HELD :]
    prior = model.axes @ torch.diag(model.variances) @ model.axes.T
    gain = prior @ known.T @ torch.linalg.pinv(known @ prior @ known.T, rtol=1e-10)
    mean = wanted @ (model.mean + gain @ known @ (seen.flatten() - model.mean))
    return mean, wanted @ (prior - gain @ known @ prior) @ wanted.T


def test_the_true_conditional_is_approached_as_steps_are_repeated() -> None:
    """And missed without repetition, by more than half a standard deviation and a fifth of the variance."""
    generator = torch.Generator().manual_seed(3)
    model = GaussianPositions.random(ATOMS, generator)
    noise = JointNoise(Vocab(["H"]), {"pos": PositionNoise(LinearSchedule(), 1.4)})
    seen = model.sample(1, generator)
    molecules = MolBatch(torch.ones(MOLECULES, ATOMS, dtype=torch.bool), seen.repeat(MOLECULES, 1, 1))
    known = Given(molecules, {"pos": (torch.arange(ATOMS) >= HELD).repeat(MOLECULES, 1)})
    mean, covariance = conditional(model, seen[0])
    root = torch.linalg.cholesky(covariance)
    off_mean, off_covariance = [], []
    for resample in (1, 3, 10):
        sampler = Replacement(HeunSampler(20), resample)
        pos = sampler(ExactDenoiser({ATOMS: model}, noise), noise, molecules, generator, known).molecules.pos
        free = (pos[:, HELD:] - pos[:, :HELD].mean(dim=1, keepdim=True)).flatten(1)
        white = torch.linalg.solve_triangular(root, (free - mean).T, upper=False)
        off_mean.append(float(white.mean(dim=1).norm()))
        off_covariance.append(float((torch.cov(white) - torch.eye(len(white))).abs().max()))
    assert off_mean[0] > 0.5 and off_covariance[0] > 0.2, "no bias to repair: the test proves nothing"
    assert off_mean[0] > 1.5 * off_mean[1] > 1.5 * off_mean[2]
    assert off_mean[-1] < 0.2 and off_covariance[-1] < 0.2
