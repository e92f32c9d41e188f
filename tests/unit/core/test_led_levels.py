"""Categories ahead of positions: which times change, which patterns stay."""

from __future__ import annotations

import pytest
import torch

from molgen.core import MolBatch, NoiseLevels
from molgen.core.errors import LevelSupportError

BATCH = MolBatch(
    mask=torch.ones(2, 3, dtype=torch.bool),
    pos=torch.zeros(2, 3, 3),
    atom=torch.zeros(2, 3, 5),
    bond=torch.zeros(2, 3, 3, 4),
)
TIME = torch.tensor([0.25, 0.5])


def test_everything_but_positions_is_ahead() -> None:
    levels = NoiseLevels.uniform(TIME, BATCH).led(torch.tensor([1.5, 2.0]))
    assert torch.equal(levels["pos"], TIME.view(2, 1).expand(2, 3))
    torch.testing.assert_close(levels["atom"], torch.tensor([0.125, 0.25]).view(2, 1).expand(2, 3))
    torch.testing.assert_close(levels["bond"], torch.tensor([0.125, 0.25]).view(2, 1, 1).expand(2, 3, 3))


def test_a_lead_of_one_changes_nothing() -> None:
    levels = NoiseLevels.uniform(TIME, BATCH)
    assert levels.led(1) is levels
    drawn = levels.led(torch.ones(2))
    assert all(torch.equal(drawn[name], levels[name]) for name in ("pos", "atom", "bond"))


def test_a_network_of_one_time_refuses_a_lead() -> None:
    with pytest.raises(LevelSupportError):
        NoiseLevels.uniform(TIME, BATCH).led(1.5).per_molecule()


def test_what_is_given_and_what_is_free_stay_so() -> None:
    free = {"pos": torch.tensor([[False, True, True]] * 2), "atom": torch.tensor([[True, False, True]] * 2)}
    levels = NoiseLevels.partial(TIME, BATCH, free)
    led = levels.led(1.7)
    for name in ("pos", "atom", "bond"):
        assert torch.equal(led.free(name, BATCH), levels.free(name, BATCH))
    assert torch.equal(led.anchored(BATCH), levels.anchored(BATCH))


def test_levels_know_whether_they_are_even() -> None:
    """Also after a lead and on the way to a device."""
    levels = NoiseLevels.uniform(TIME, BATCH)
    assert levels.even and levels.led(1.5).even and levels.led(1.5).to("cpu").even
    assert not NoiseLevels.partial(TIME, BATCH, {}).led(1.5).even
