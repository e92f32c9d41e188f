"""Drawing the molecules that a slow check is asked about: a fair sample of a stream of unknown length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from molgen.chem.molecule import Molecule


class Reservoir:
    """Keeps the molecules with the smallest of independent uniform keys.

    Any smaller number of them, taken in the order of their keys, is a fair sample as well.

    Args:
        size: How many are kept at most.
        generator: Source of the keys.
    """

    def __init__(self, size: int, generator: np.random.Generator) -> None:
        self.size = size
        self.generator = generator
        self._kept: list[tuple[float, int, Molecule]] = []
        self._count = 0

    def watch(self, molecules: Iterable[Molecule]) -> Iterator[Molecule]:
        """Pass molecules through and keep some."""
        for molecule in molecules:
            self._kept.append((float(self.generator.random()), self._count, molecule))
            self._count += 1
            if len(self._kept) > 2 * self.size + 100:
                self._trim()
            yield molecule
        self._trim()

    def drawn(self, count: int) -> dict[int, Molecule]:
        """Return place in the stream to molecule of the first ``count`` by key, in the stream's order."""
        chosen = sorted(self._kept, key=lambda kept: kept[0])[:count]
        return {index: molecule for _, index, molecule in sorted(chosen, key=lambda kept: kept[1])}

    def _trim(self) -> None:
        self._kept = sorted(self._kept, key=lambda kept: kept[0])[: self.size]
