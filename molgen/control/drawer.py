"""Drawer: molecules drawn once, those that came out broken repaired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from molgen.control.attempts import Attempt
from molgen.control.repair import Broken, Repair
from molgen.core.batch import MolBatch
from molgen.core.contracts import Progress
from molgen.core.tasks import Given
from molgen.sampling import Generator


@dataclass(frozen=True)
class Drawer:
    """Draws rows of a round.

    Attributes:
        source: Draws molecules.
        redraw: Draws them from part of the way, in the steps of ``repair``.
        repair: What happens to broken ones.
        broken: Tells which rows of the round those are.
        generator: Source of randomness on the device to compute on.
        progress: Told of every finished batch.
    """

    source: Generator
    redraw: Generator
    repair: Repair
    broken: Broken
    generator: torch.Generator
    progress: Progress | None = None

    def __call__(self, given: Given, rows: Sequence[int]) -> list[Attempt]:
        """Draw molecules.

        Args:
            given: What is known of them.
            rows: Their places in the round.

        Returns:
            One attempt at each.
        """

        def broken(place: int, molecule: MolBatch) -> bool:
            return self.broken(rows[place], molecule)

        drawn = self.source.complete(given, self.generator, self.progress)
        repaired, times = self.repair(drawn, given, self.redraw, broken, self.generator)
        return [Attempt(molecule, repairs=count) for molecule, count in zip(repaired, times, strict=True)]
