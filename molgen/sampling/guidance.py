"""Classifier-free guidance: exaggerate what a condition changes (Ho and Salimans 2022)."""

from __future__ import annotations

from molgen.core.batch import MolBatch
from molgen.core.contracts import Condition, Denoiser
from molgen.core.errors import ConfigError, InputError
from molgen.core.levels import NoiseLevels


class Guided(Denoiser):
    """Moves from the estimate without conditions to ``scale`` times as far as the one with them.

    Coordinates are moved on the line, categories on the line of their scores, which is a product of powers of
    the probabilities.

    Args:
        denoiser: A denoiser that takes conditions.
        scale: 1 is the conditional model, above 1 follows conditions more closely, at the price of diversity.

    Raises:
        InputError: ``scale`` is negative.
    """

    evaluations = 2

    def __init__(self, denoiser: Denoiser, scale: float) -> None:
        super().__init__()
        if not scale >= 0:
            raise InputError(f"guidance must be 0 or more, got {scale}; 1 is the plain conditional model")
        self.denoiser = denoiser
        self.scale = scale
        self.symmetry = denoiser.symmetry
        self.level_support = denoiser.level_support

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base.

        Raises:
            ConfigError: No condition is given, so that there is nothing to exaggerate.
        """
        if not cond:
            raise ConfigError("guidance needs conditions; give some, or use the denoiser without guidance")
        free = self.denoiser(x_t, levels, None, previous)
        asked = self.denoiser(x_t, levels, cond, previous)
        return free.map(lambda name, value: value + self.scale * (asked[name] - value))
