"""Which labels a training example is asked for: some, so that any subset may be asked for at sampling."""

from __future__ import annotations

import torch

from molgen.core.batch import MolBatch
from molgen.core.errors import ConfigError


class RandomAsking:
    """Drops all labels of some molecules, and of the others each with a chance that is itself drawn.

    Molecules without labels teach the unconditional model that guidance needs (Ho and Salimans 2022,
    "Classifier-free diffusion guidance").

    Args:
        nothing: Share of molecules that are asked for nothing.
        power: The chance of a label to be asked for is ``u ** power`` with a uniform ``u`` for each molecule;
            above 1, molecules are mostly asked for one or two things, as users ask.

    Raises:
        ConfigError: The share is not in [0, 1], or the power is not positive.
    """

    def __init__(self, nothing: float = 0.3, power: float = 1.0) -> None:
        if not 0 <= nothing <= 1:
            raise ConfigError(
                f"the share of molecules that are asked for nothing is in [0, 1], got {nothing}"
            )
        if not power > 0:
            raise ConfigError(f"the power of the chance to be asked is positive, got {power}")
        self.nothing = nothing
        self.power = power

    def __call__(self, x0: MolBatch, generator: torch.Generator) -> MolBatch:
        """Return the batch with the labels that are not asked for at NaN."""
        if not x0.labels:
            return x0
        size, device = len(x0), x0.device
        silent = torch.rand(size, generator=generator, device=device) < self.nothing
        chance = torch.rand(size, generator=generator, device=device) ** self.power
        labels = {}
        for name, label in x0.labels.items():
            dropped = silent | (torch.rand(size, generator=generator, device=device) > chance)
            labels[name] = label.masked_fill(dropped, torch.nan)
        return x0.labelled(labels)
