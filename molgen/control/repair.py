"""Molecules that came out broken, taken part of the way back and drawn down again.

A few atoms of a chain settle wrongly: a bond too many, a fragment that lies apart. Whether they did is plain
to see once the molecule is there, and most of it is sound. So what fails is noised to a time at which its
outline is left, and walked from there; what fails again is, too, as often as is allowed. Restart sampling
(Xu et al. 2023) goes back and forth like this whatever came out; here only what is broken pays for it. Given
entries stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from molgen.core.batch import MolBatch, concatenate
from molgen.core.contracts import Progress
from molgen.core.errors import InputError
from molgen.core.tasks import Given
from molgen.sampling import Generator

DEFAULT_ROUNDS = 8

Broken = Callable[[int, MolBatch], bool]
"""Whether the molecule of a row, unpadded, is to be drawn again."""


@dataclass(frozen=True)
class Repair:
    """Draws broken molecules again from part of the way.

    Attributes:
        rounds: How often at most; 0 never.
        start: Time at which they start; of molecules that started earlier, theirs.
        steps: Steps of each walk.

    Raises:
        InputError: ``rounds`` is negative.
    """

    rounds: int = DEFAULT_ROUNDS
    start: float = 0.6
    steps: int = 6

    def __post_init__(self) -> None:
        """Check the rounds."""
        if self.rounds < 0:
            raise InputError(f"--repair {self.rounds} is less than 0; give how often broken ones are redrawn")

    def __call__(
        self,
        drawn: Sequence[MolBatch],
        given: Given,
        source: Generator,
        broken: Broken,
        generator: torch.Generator,
    ) -> tuple[list[MolBatch], list[int]]:
        """Repair molecules.

        Args:
            drawn: Unpadded batches of one molecule on the CPU, of every field that the model draws.
            given: What was known of them.
            source: Draws them again, in ``steps`` steps.
            broken: Tells which.
            generator: Source of randomness on the device to compute on.

        Returns:
            The molecules in order, and how often each was drawn again. One that is not finite has no outline
            to begin from, and stays.
        """
        molecules = list(drawn)
        times = [0] * len(molecules)
        rows: Sequence[int] = range(len(molecules))
        for _ in range(self.rounds):
            rows = [row for row in rows if _finite(molecules[row]) and broken(row, molecules[row])]
            if not rows:
                break
            redrawn = source.complete(self._begun(molecules, given, rows), generator)
            for row, molecule in zip(rows, redrawn, strict=True):
                molecules[row] = molecule
                times[row] += 1
        return molecules, times

    def _begun(self, molecules: Sequence[MolBatch], given: Given, rows: Sequence[int]) -> Given:
        """What was given of ``rows``, begun from how they came out."""
        known = given.take(torch.tensor(rows))
        outcome = concatenate([molecules[row] for row in rows]).labelled(known.molecules.labels)
        return replace(known, molecules=outcome, start=min(self.start, known.start))


def _finite(molecule: MolBatch) -> bool:
    return all(bool(value.isfinite().all()) for _, value in molecule.items())


class Withheld:
    """Passes reports on, the last of them only when told that all is done: repairs are still to come.

    Args:
        progress: Told of every finished batch.
    """

    def __init__(self, progress: Progress | None) -> None:
        self.progress = progress
        self._count = 0

    def __call__(self, count: int) -> None:
        """Report a batch, one late."""
        self.release()
        self._count = count

    def release(self) -> None:
        """Report what was held back."""
        if self.progress is not None and self._count:
            self.progress(self._count)
        self._count = 0
