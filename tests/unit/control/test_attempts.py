"""Attempts: what misses is asked for and drawn anew, and the nearest is kept."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from molgen.control import Setting
from molgen.control.attempts import Attempt, Attempts
from molgen.control.distance import Distance
from molgen.control.drawer import Drawer
from molgen.control.repair import Repair
from molgen.core import MolBatch
from molgen.core.tasks import Given

INF = math.inf


class Chain:
    """In place of a model: draws its rows' next misfits, and remembers what it was asked."""

    def __init__(self, setting: Setting, *misfits: Sequence[float]) -> None:
        self.blank = setting.blank
        self.misfits = [[Distance(INF if far == INF else 0.0, far) for far in row] for row in misfits]
        self.asked: list[int] = []
        self.rows: list[list[int]] = []

    def ask(self) -> Given:
        """Molecules of one atom more at every attempt."""
        self.asked.append(len(self.asked) + 1)
        return Given.nothing(self.blank(torch.full((len(self.misfits),), self.asked[-1])))

    def draw(self, given: Given, rows: Sequence[int]) -> list[Attempt]:
        self.rows.append(list(rows))
        assert len(given.molecules) == len(rows)
        return [Attempt(given.take(torch.tensor([place])).molecules, repairs=1) for place in range(len(rows))]

    def misfit(self, rows: Sequence[int], drawn: Sequence[MolBatch]) -> list[Distance]:
        return [self.misfits[row].pop(0) for row in rows]


def sizes(attempts: Sequence[Attempt]) -> list[int]:
    return [int(attempt.molecule.mask.sum()) for attempt in attempts]


def test_the_nearest_is_kept_and_what_is_near_enough_is_not_drawn_again(setting: Setting) -> None:
    chain = Chain(setting, [0.0], [2.0, 1.0, 3.0], [2.0, 0.0], [INF, INF, 0.5], [0.5, INF, 0.5])
    settled: list[int] = []
    best = Attempts(3)(chain.ask, chain.draw, chain.misfit, settled.append)
    assert sizes(best) == [1, 2, 2, 3, 1]
    assert [attempt.draws for attempt in best] == [1, 3, 2, 3, 3]
    assert [attempt.repairs for attempt in best] == [1, 3, 2, 3, 3]
    assert chain.rows == [[0, 1, 2, 3, 4], [1, 2, 3, 4], [1, 3, 4]] and chain.asked == [1, 2, 3]
    assert settled == [1, 1, 3]


def test_nothing_is_drawn_when_all_are_near_enough(setting: Setting) -> None:
    chain = Chain(setting, [0.0], [0.0])
    settled: list[int] = []
    Attempts(5)(chain.ask, chain.draw, chain.misfit, settled.append)
    assert len(chain.rows) == 1 and settled == [2]


class Numbered:
    """In place of a model: draws molecules at the origin, or moves them by one angstrom where redrawn."""

    def __init__(self, moves: float) -> None:
        self.moves = moves

    def complete(self, given: Given, generator: torch.Generator, progress: object = None) -> list[MolBatch]:
        rows = [given.take(torch.tensor([row])).molecules for row in range(len(given.molecules))]
        return [m.replace(pos=m.pos + self.moves) for m in rows]


def test_rows_are_repaired_as_the_round_counts_them(setting: Setting) -> None:
    """Of rows 2 and 0, the one that the round calls 2 is broken until it has moved."""
    asked: list[int] = []

    def broken(row: int, molecule: MolBatch) -> bool:
        asked.append(row)
        return row == 2 and not molecule.pos.any()

    draw = Drawer(Numbered(0.0), Numbered(1.0), Repair(3), broken, torch.Generator())
    attempts = draw(Given.nothing(setting.blank(torch.tensor([5, 7]))), [2, 0])
    assert asked == [2, 0, 2]
    assert [(a.draws, a.repairs) for a in attempts] == [(1, 1), (1, 0)]
    assert [bool(a.molecule.pos.any()) for a in attempts] == [True, False]
