"""Extra noise between molecule and prior (Albergo and Vanden-Eijnden 2023, stochastic interpolants).

A network trained on the bare path meets, at sampling, states that its own errors have pushed off it. Seeing
a wider path in training teaches it to come back, which is worth most at few steps.
"""

from __future__ import annotations

import torch

from molgen.core.batch import MolBatch
from molgen.core.errors import ConfigError
from molgen.core.levels import NoiseLevels
from molgen.noise.joint import JointNoise


class PathNoise:
    """Adds noise of scale ``2 scale sqrt(t (1 - t))`` to noisy positions; none at either end of the path.

    Levels stay as they were, and so do samplers and likelihoods: only training sees it.

    Args:
        scale: Its largest standard deviation, reached at ``t = 1/2``, in noise units of positions; published
            models use 0.1 to 0.2.

    Raises:
        ConfigError: ``scale`` is not positive.
    """

    def __init__(self, scale: float) -> None:
        if not scale > 0:
            raise ConfigError(f"path noise needs a positive scale, got {scale}; leave it out for none")
        self.scale = scale

    def __call__(
        self, noise: JointNoise, x_t: MolBatch, levels: NoiseLevels, generator: torch.Generator
    ) -> MolBatch:
        """Widen a corrupted batch.

        Args:
            noise: The noise that corrupted it; it says in which subspace position noise lives.
            x_t: Corrupted molecules.
            levels: Times of every entry.
            generator: Source of randomness, on their device.
        """
        t = levels["pos"].unsqueeze(-1)
        spread = 2 * self.scale * (t * (1 - t)).sqrt()
        drawn = noise.draw_positions(x_t, levels, generator)
        return x_t.replace(pos=x_t.pos + spread * drawn)
