"""Molecules drawn several times over, of which the nearest to the asked properties is kept: best of n.

A property follows from the whole of a molecule: noised part of the way and drawn again, it keeps most of it.
So what misses is asked for anew from the beginning, size and formula included, until it is near enough.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from molgen.control.distance import NEAR, Distance
from molgen.core.batch import MolBatch
from molgen.core.contracts import Progress
from molgen.core.errors import InputError
from molgen.core.tasks import Given

DEFAULT_ATTEMPTS = 4


@dataclass(frozen=True)
class Attempt:
    """What came of one molecule's attempts.

    Attributes:
        molecule: The nearest, an unpadded batch of one.
        draws: How often it was drawn.
        repairs: How often it was repaired, over all attempts.
    """

    molecule: MolBatch
    draws: int = 1
    repairs: int = 0


Draws = Callable[[Given, Sequence[int]], list[Attempt]]
"""Draws molecules of some rows once, given what is known of them."""
Misfits = Callable[[Sequence[int], Sequence[MolBatch]], list[Distance]]
"""How far molecules of rows are from what was asked."""


@dataclass(frozen=True)
class Attempts:
    """Draws molecules until they are near enough to what was asked, or as often as is allowed.

    Attributes:
        most: How often at most.

    Raises:
        InputError: That is less than once.
    """

    most: int = DEFAULT_ATTEMPTS

    def __post_init__(self) -> None:
        """Check the number."""
        if self.most < 1:
            raise InputError(f"--attempts {self.most} is less than 1; give how often molecules may be drawn")

    def __call__(
        self, ask: Callable[[], Given], draw: Draws, misfit: Misfits, settled: Progress | None = None
    ) -> list[Attempt]:
        """Draw a round.

        Args:
            ask: Says what is known of the round's molecules, anew for every attempt.
            draw: Draws them once.
            misfit: Measures them.
            settled: Told of molecules that are not drawn again.

        Returns:
            The nearest attempt of every molecule in order, the first of those that are as near.
        """
        given = ask()
        rows = list(range(len(given.molecules)))
        best = draw(given, rows)
        misfits = misfit(rows, [attempt.molecule for attempt in best])
        for _ in range(self.most - 1):
            far = [row for row in rows if misfits[row] > NEAR]
            if settled is not None and len(far) < len(rows):
                settled(len(rows) - len(far))
            rows = far
            if not rows:
                return best
            attempts = draw(ask().take(torch.tensor(rows)), rows)
            found = misfit(rows, [attempt.molecule for attempt in attempts])
            for row, attempt, distance in zip(rows, attempts, found, strict=True):
                kept = attempt if distance < misfits[row] else best[row]
                spent = best[row].draws + attempt.draws, best[row].repairs + attempt.repairs
                best[row] = Attempt(kept.molecule, *spent)
                misfits[row] = min(distance, misfits[row])
        if settled is not None:
            settled(len(rows))
        return best
