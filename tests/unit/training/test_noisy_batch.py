"""Preparing a batch apart from scoring it: frames, what is given, self-conditioning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from molgen.core import Denoiser, LevelSupport, MolBatch, NoiseLevels, Vocab
from molgen.core.contracts import Condition
from molgen.core.errors import ConfigError
from molgen.core.fragments import GivenFragment
from molgen.noise import JointNoise
from molgen.training import DenoisingObjective
from molgen.training.task_mixture import TaskMixture, TaskShare
from molgen.training.times import PowerTimes

JOINT = Path(__file__).parents[3] / "configs" / "noise" / "joint.yaml"


class Listener(Denoiser):
    """Returns a constant and keeps the estimates it was told."""

    level_support = LevelSupport.PER_ENTRY
    self_conditioned = True

    def __init__(self) -> None:
        super().__init__()
        self.value = torch.nn.Parameter(torch.tensor(0.5))
        self.told: list[MolBatch | None] = []

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base."""
        self.told.append(previous)
        return x_t.map(lambda _, value: value * self.value)


@pytest.fixture(scope="module")
def joint(build: Callable[[Path, object], Callable[..., JointNoise]], vocab: Vocab) -> JointNoise:
    """The joint model's noise."""
    return build(JOINT, Callable[[Vocab], JointNoise])(vocab)


@pytest.fixture
def chains(joint: JointNoise) -> MolBatch:
    """Chains of 7 and of 5 single bonds, placed off the origin."""
    template = joint.template(torch.tensor([7, 5]))
    link = torch.diag(torch.ones(6), 1).long()
    bond = torch.nn.functional.one_hot(link + link.T, 4).float().expand(2, 7, 7, 4)
    pos = 1 + torch.randn(template.pos.shape, generator=torch.Generator().manual_seed(0))
    hot = {
        name: torch.eye(template[name].shape[-1])[0].expand_as(template[name]) for name in ("atom", "charge")
    }
    return template.replace(pos=pos, bond=bond, **hot).masked()


def fragments(joint: JointNoise, share: float) -> DenoisingObjective:
    """An objective that always gives a fragment."""
    tasks = TaskMixture({"fragment": TaskShare(GivenFragment(), 1.0)})
    return DenoisingObjective(joint, PowerTimes(), tasks=tasks, self_conditioning=share)


def test_given_entries_are_clean_and_anchor_the_frame(joint: JointNoise, chains: MolBatch) -> None:
    """The origin is the centroid of the given atoms; they and their bonds come through to the bit."""
    batch = fragments(joint, 0.0).prepare(chains, torch.Generator().manual_seed(1))
    for name, value in batch.x0.items():
        given = chains.entry_mask(name) & ~batch.levels.free(name, batch.x0)
        assert given.any()
        assert torch.equal(batch.x_t[name][given], value[given])
    given = chains.mask & ~batch.levels.free("pos", batch.x0)
    for row in range(2):
        assert batch.x0.pos[row][given[row]].mean(dim=0).abs().max() < 1e-5
    assert (batch.x_t.pos - batch.x0.pos)[chains.mask & ~given].abs().min() > 0


def test_given_entries_cost_nothing(joint: JointNoise, chains: MolBatch) -> None:
    """Losses do not change when a prediction of given entries does."""
    objective = fragments(joint, 0.0)
    batch = objective.prepare(chains, torch.Generator().manual_seed(1))

    class Spoilt(Listener):
        def forward(
            self,
            x_t: MolBatch,
            levels: NoiseLevels,
            cond: Condition | None = None,
            previous: MolBatch | None = None,
        ) -> MolBatch:
            right = super().forward(x_t, levels)
            return right.map(lambda n, v: torch.where(levels.free(n, x_t).unsqueeze(-1), v, v + 9 * v.cos()))

    plain, spoilt = objective.score(Listener(), batch), objective.score(Spoilt(), batch)
    assert plain["loss"].isfinite() and plain["loss"] > 0
    assert all(torch.equal(value, spoilt[name]) for name, value in plain.items())


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_network_sees_its_own_estimate(joint: JointNoise, chains: MolBatch, share: float) -> None:
    """On a share of batches, made at the same state and without a gradient of its own."""
    objective, denoiser = fragments(joint, share), Listener()
    batch = objective.prepare(chains, torch.Generator().manual_seed(1))
    objective.score(denoiser, batch)["loss"].backward()
    assert batch.look_twice is bool(share)
    assert len(denoiser.told) == 1 + int(share) and denoiser.told[0] is None
    if share:
        told = denoiser.told[1]
        assert told is not None and not told.pos.requires_grad
        assert torch.equal(told.pos, 0.5 * batch.x_t.pos)
    assert denoiser.value.grad is not None


def test_look_twice_has_its_share(joint: JointNoise, chains: MolBatch) -> None:
    """Half of the batches by default, within 5 standard errors."""
    objective = DenoisingObjective(joint)
    looks = [objective.prepare(chains, torch.Generator().manual_seed(i)).look_twice for i in range(200)]
    assert abs(sum(looks) / 200 - 0.5) < 5 * 0.5 / 200**0.5


def test_an_impossible_share_is_refused(joint: JointNoise) -> None:
    with pytest.raises(ConfigError, match=r"self-conditioning must be in \[0, 1\], got 1.5"):
        DenoisingObjective(joint, self_conditioning=1.5)


def test_power_times_are_skewed_to_the_clean_end() -> None:
    """Above ``least``; the share below ``t`` is ``1 - (1 - t)^power``, to the width of a stratum."""
    count = 2000
    times = PowerTimes(2.0, 1e-3).sample(count, torch.Generator().manual_seed(0))
    assert times.min() >= 1e-3 and times.max() <= 1
    for limit in (0.1, 0.5, 0.9):
        below = float((times <= 1e-3 + (1 - 1e-3) * limit).double().mean())
        assert below == pytest.approx(1 - (1 - limit) ** 2, abs=2 / count)


@pytest.mark.parametrize(("power", "least"), [(0.5, 0.1), (2.0, 0.0), (2.0, 1.0)])
def test_impossible_powers_are_refused(power: float, least: float) -> None:
    with pytest.raises(ConfigError, match="power >= 1 and 0 < least < 1"):
        PowerTimes(power, least)
