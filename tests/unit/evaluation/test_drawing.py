"""Slow checks are asked about a fair sample, and the others' cells say that they were not drawn."""

from __future__ import annotations

from collections import Counter

import numpy as np

from molgen.chem import Molecule
from molgen.evaluation.drawing import Reservoir


def molecules(count: int) -> list[Molecule]:
    return [Molecule(np.array([1]), np.full((1, 3), float(i))) for i in range(count)]


def test_keeps_as_many_as_asked_in_the_order_of_the_stream() -> None:
    reservoir = Reservoir(7, np.random.default_rng(0))
    given = molecules(2000)
    assert list(reservoir.watch(given)) == given
    drawn = reservoir.drawn(7)
    assert len(drawn) == 7 and list(drawn) == sorted(drawn)
    assert all(given[index] is molecule for index, molecule in drawn.items())
    assert set(reservoir.drawn(3)) < set(drawn)


def test_a_short_stream_is_drawn_whole() -> None:
    reservoir = Reservoir(10, np.random.default_rng(0))
    assert len(list(reservoir.watch(molecules(4)))) == 4
    assert list(reservoir.drawn(10)) == [0, 1, 2, 3]


def test_every_place_is_drawn_equally_often() -> None:
    """Over 3000 draws of 2 out of 6 each place comes 1000 times, within five standard deviations."""
    generator, counts = np.random.default_rng(1), Counter[int]()
    given = molecules(6)
    for _ in range(3000):
        reservoir = Reservoir(2, generator)
        list(reservoir.watch(given))
        counts.update(list(reservoir.drawn(2)))
    spread = 5 * (3000 * (1 / 3) * (2 / 3)) ** 0.5
    assert all(abs(counts[place] - 1000) < spread for place in range(6))
