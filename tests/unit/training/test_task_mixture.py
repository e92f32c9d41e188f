"""The mixture gives every molecule one task, in the stated shares, at the task's times."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from molgen.core import MolBatch
from molgen.core.errors import ConfigError
from molgen.core.tasks import GivenFields
from molgen.training.task_mixture import TaskMixture, TaskShare

COUNT = 4000


def molecules() -> MolBatch:
    """Many molecules of three atoms, of which the last is padding."""
    mask = torch.tensor([[True, True, False]]).expand(COUNT, 3)
    return MolBatch(mask=mask, pos=torch.zeros(COUNT, 3, 3), atom=torch.zeros(COUNT, 3, 5))


def mixture() -> TaskMixture:
    """De novo, half as often a given formula at late times, and refinement up to 0.3."""
    return TaskMixture(
        {
            "de_novo": TaskShare(GivenFields(), 4.0),
            "formula": TaskShare(GivenFields(["atom"]), 2.0),
            "place": TaskShare(GivenFields(["pos"]), 2.0, latest=0.3),
        }
    )


def drawn() -> tuple[Tensor, Tensor]:
    """Times of positions and of elements of the first atom, every molecule's own time being 0.8."""
    levels = mixture().levels(torch.full((COUNT,), 0.8), molecules(), torch.Generator().manual_seed(0))
    return levels["pos"][:, 0], levels["atom"][:, 0]


def test_shares_come_out() -> None:
    """1/2, 1/4 and 1/4 of the molecules, within 5 standard errors."""
    pos, atom = drawn()
    found = torch.stack([((pos > 0) & (atom > 0)), atom == 0, pos == 0]).double().mean(dim=1)
    expected = torch.tensor([0.5, 0.25, 0.25]).double()
    spread = (expected * (1 - expected) / COUNT).sqrt()
    assert ((found - expected).abs() < 5 * spread).all(), found


def test_latest_scales_the_times_of_its_task_alone() -> None:
    pos, atom = drawn()
    torch.testing.assert_close(atom[pos == 0].unique(), torch.tensor([0.8 * 0.3]))
    torch.testing.assert_close(atom[(pos > 0) & (atom > 0)].unique(), torch.tensor([0.8]))
    torch.testing.assert_close(pos[atom == 0].unique(), torch.tensor([0.8]))


def test_de_novo_alone_is_uniform() -> None:
    """So that denoisers with one time per molecule can train on it."""
    time = torch.rand(COUNT, generator=torch.Generator().manual_seed(0))
    levels = TaskMixture().levels(time, molecules(), torch.Generator())
    assert torch.equal(levels.per_molecule(), time)
    assert mixture().levels(time, molecules(), torch.Generator()).molecule_time is None


@pytest.mark.parametrize(
    "tasks",
    [
        {},
        {"a": TaskShare(GivenFields(), 0.0)},
        {"a": TaskShare(GivenFields(), 1.0, latest=0.0)},
        {"a": TaskShare(GivenFields(), 1.0, latest=1.5)},
    ],
)
def test_impossible_mixtures_are_refused(tasks: dict[str, TaskShare]) -> None:
    with pytest.raises(ConfigError, match="shares above 0 and 0 < latest <= 1"):
        TaskMixture(tasks)
