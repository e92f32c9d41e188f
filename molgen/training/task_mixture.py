"""The mixture of tasks that training examples are drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from molgen.core.batch import MolBatch
from molgen.core.errors import ConfigError
from molgen.core.levels import NoiseLevels
from molgen.core.tasks import GivenFields, Task
from molgen.training.asking import RandomAsking
from molgen.training.lead import RandomLead


@dataclass(frozen=True)
class TaskShare:
    """One task of a mixture.

    Attributes:
        task: The pattern of given entries.
        share: Its weight in the mixture; shares need not sum to 1.
        latest: Times of this task are scaled to ``[0, latest]``; small for refinement.
    """

    task: Task
    share: float
    latest: float = 1.0


class TaskMixture:
    """Draws a task for every molecule of a batch.

    Args:
        tasks: Named tasks with shares; de novo generation alone by default.
        asking: Which labels are asked for, where molecules have labels.
        lead: How far categories are ahead of positions, whatever the task; not at all by default.

    Raises:
        ConfigError: The shares are not positive numbers, or a time limit is not in (0, 1].
    """

    def __init__(
        self,
        tasks: dict[str, TaskShare] | None = None,
        asking: RandomAsking | None = None,
        lead: RandomLead | None = None,
    ) -> None:
        self.tasks = {"de_novo": TaskShare(GivenFields(), 1.0)} if tasks is None else dict(tasks)
        if not self.tasks or any(t.share <= 0 or not 0 < t.latest <= 1 for t in self.tasks.values()):
            raise ConfigError(f"tasks need shares above 0 and 0 < latest <= 1, got {self.tasks}")
        self.asking = RandomAsking() if asking is None else asking
        self.lead = lead
        self.de_novo_only = all(
            isinstance(t.task, GivenFields) and not t.task.given and t.latest == 1
            for t in self.tasks.values()
        )
        self.shares = torch.tensor([float(t.share) for t in self.tasks.values()])

    def levels(self, time: Tensor, x0: MolBatch, generator: torch.Generator) -> NoiseLevels:
        """Draw the levels of a batch.

        Args:
            time: ``(B,)`` times of the free entries, before a task's ``latest``.
            x0: Clean molecules.
            generator: Source of randomness, on their device.
        """
        levels = self._together(time, x0, generator)
        return levels if self.lead is None else levels.led(self.lead.sample(len(x0), generator))

    def _together(self, time: Tensor, x0: MolBatch, generator: torch.Generator) -> NoiseLevels:
        """Draw tasks, with all free entries of a molecule at one time."""
        if self.de_novo_only:
            return NoiseLevels.uniform(time, x0)
        shares = self.shares.to(x0.device)
        chosen = torch.multinomial(shares, len(x0), replacement=True, generator=generator)
        free = {name: torch.zeros_like(x0.entry_mask(name)) for name, _ in x0.items()}
        for index, member in enumerate(self.tasks.values()):
            rows = chosen == index
            time = torch.where(rows, time * member.latest, time)
            for name, pattern in member.task.free(x0, generator).items():
                free[name] |= pattern & rows.view(-1, *[1] * (pattern.ndim - 1))
        return NoiseLevels.partial(time, x0, free)
