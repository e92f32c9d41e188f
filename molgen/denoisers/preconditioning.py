"""Wrappers that turn what a network predicts into ``x0_hat``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from molgen.core.batch import MolBatch
from molgen.core.contracts import Condition, Denoiser, Network, NoiseScales
from molgen.core.levels import NoiseLevels


class EpsilonDenoiser(Denoiser):
    """A network that predicts the noise ``eps`` (Ho et al. 2020), behind the ``x0_hat`` interface.

    The network sees every field divided by its noise unit and returns ``eps`` in noise units;
    ``x0_hat = (x_t - sigma unit eps) / alpha``.

    Args:
        noise: Widths, units and schedules by field.
        network: Builds the network from the fields' widths.
    """

    def __init__(self, noise: NoiseScales, network: Callable[[Mapping[str, int]], Network]) -> None:
        super().__init__()
        self.noise = noise
        self.network = network(noise.dims)
        self.symmetry = self.network.symmetry
        self.level_support = self.network.level_support

    def forward(self, x_t: MolBatch, levels: NoiseLevels, cond: Condition | None = None) -> MolBatch:
        """See base."""
        scaled = x_t.map(lambda name, value: value / self.noise.unit(name))
        eps = self.network(scaled, levels, cond)
        x0_hat = {}
        for name, value in x_t.items():
            alpha, sigma = self.noise.alpha_sigma(name, levels[name])
            shift = (sigma * self.noise.unit(name)).unsqueeze(-1)
            x0_hat[name] = (value - shift * eps[name]) / alpha.unsqueeze(-1)
        return MolBatch(mask=x_t.mask, **x0_hat).masked()
