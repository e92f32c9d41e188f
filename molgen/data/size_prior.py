"""The distribution of the number of atoms, as a histogram of the training set."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molgen.core.errors import InputError


class SizePrior:
    """``p(N)`` by counting.

    Args:
        counts: Number of atoms to number of molecules.

    Raises:
        InputError: The histogram is empty or holds a size below 1.
    """

    def __init__(self, counts: dict[int, int]) -> None:
        if not counts or min(counts) < 1 or min(counts.values()) < 1:
            raise InputError(f"a size histogram needs sizes >= 1 with counts >= 1, got {counts}")
        self.counts = dict(sorted(counts.items()))
        self.sizes = torch.tensor(list(self.counts))
        weights = torch.tensor(list(self.counts.values()), dtype=torch.float64)
        self.probabilities = weights / weights.sum()

    @classmethod
    def from_sizes(cls, num_atoms: NDArray[np.int64]) -> SizePrior:
        """Count the sizes of a data set, ``(M,)``."""
        sizes, counts = np.unique(num_atoms, return_counts=True)
        return cls(dict(zip(sizes.tolist(), counts.tolist(), strict=True)))

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw ``(count,)`` int64 sizes (on the CPU)."""
        index = torch.multinomial(self.probabilities, count, replacement=True, generator=generator)
        return self.sizes[index]

    def log_prob(self, num_atoms: Tensor) -> Tensor:
        """Log-probability of sizes, ``(B,) int -> (B,)`` float64; ``-inf`` for a size never seen."""
        table = torch.full((int(self.sizes.max()) + 1,), -torch.inf, dtype=torch.float64)
        table[self.sizes] = self.probabilities.log()
        inside = num_atoms.cpu() <= self.sizes.max()
        values = table[num_atoms.cpu().clamp(max=int(self.sizes.max()))]
        return torch.where(inside, values, -torch.inf).to(num_atoms.device)

    def between(self, low: int, high: int) -> SizePrior:
        """Restrict to sizes in ``[low, high]``.

        Raises:
            InputError: No training molecule has such a size.
        """
        kept = {n: c for n, c in self.counts.items() if low <= n <= high}
        if not kept:
            asked = f"{low}" if low == high else f"{low} to {high}"
            below, above = [n for n in self.counts if n < low], [n for n in self.counts if n > high]
            near = ", ".join(map(str, below[-1:] + above[:1]))
            raise InputError(
                f"no training molecule has {asked} atoms, hydrogens counted; sizes nearest to it: {near}"
            )
        return SizePrior(kept)
