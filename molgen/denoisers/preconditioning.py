"""Wrappers that turn what a network predicts into ``x0_hat``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

from molgen.core.batch import FIELDS, MolBatch
from molgen.core.contracts import Condition, Denoiser, Network, NoiseScales, SelfConditionedNetwork
from molgen.core.errors import ConfigError
from molgen.core.geometry import centre
from molgen.core.levels import NoiseLevels


class EpsilonDenoiser(Denoiser):
    """A network that predicts the noise ``eps`` (Ho et al. 2020), behind the ``x0_hat`` interface.

    The network sees every field divided by its noise unit and returns ``eps`` in noise units;
    ``x0_hat = (x_t - sigma unit eps) / alpha``.

    Args:
        noise: Widths, units and schedules by field.
        network: Builds the network from the fields' widths.

    Raises:
        ConfigError: A field keeps no signal at ``t = 1``, where its noise would say nothing of ``x0``.
    """

    def __init__(self, noise: NoiseScales, network: Callable[[Mapping[str, int]], Network]) -> None:
        super().__init__()
        self.noise = noise
        end = torch.ones(1)
        blind = [name for name in noise.gaussian_fields if not noise.alpha_sigma(name, end)[0].all()]
        if blind:
            raise ConfigError(
                f"a network that predicts noise needs signal at t = 1, but the schedules of {blind} "
                "end in noise alone; use configs/noise/edm.yaml, or molgen.denoisers.JointDenoiser"
            )
        self.network = network(noise.dims)
        self.symmetry = self.network.symmetry
        self.level_support = self.network.level_support

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base; ``previous`` is not read."""
        scaled = x_t.map(lambda name, value: value / self.noise.unit(name))
        eps = self.network(scaled, levels, cond)
        x0_hat = {}
        for name, value in x_t.items():
            alpha, sigma = self.noise.alpha_sigma(name, levels[name])
            shift = (sigma * self.noise.unit(name)).unsqueeze(-1)
            x0_hat[name] = (value - shift * eps[name]) / alpha.unsqueeze(-1)
        return MolBatch(mask=x_t.mask, **x0_hat).masked()


class JointDenoiser(Denoiser):
    """A self-conditioned network on Gaussian positions and categories.

    Positions are preconditioned so that the network's target ``F`` has unit variance at every level
    (Karras et al. 2022, table 1, for any schedule): ``x0_hat = c_skip x_t + c_out F`` with
    ``c_skip = alpha / (alpha^2 + sigma^2)`` and ``c_out = sigma / sqrt(alpha^2 + sigma^2)`` in noise units,
    which are chosen as the data's standard deviation. Categories come as logits.

    Args:
        noise: Widths, units and schedules by field.
        network: Builds the network from the fields' widths.

    Raises:
        ConfigError: Another field than ``pos`` has Gaussian noise.
    """

    self_conditioned = True

    def __init__(
        self, noise: NoiseScales, network: Callable[[Mapping[str, int]], SelfConditionedNetwork]
    ) -> None:
        super().__init__()
        if noise.gaussian_fields != ("pos",):
            raise ConfigError(
                f"the joint denoiser takes Gaussian noise on positions and categorical noise on the rest; "
                f"Gaussian here are {list(noise.gaussian_fields)}; use configs/noise/joint.yaml"
            )
        self.noise = noise
        self.network = network(noise.dims)
        self.symmetry = self.network.symmetry
        self.level_support = self.network.level_support

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base."""
        unit = self.noise.unit("pos")
        scaled = x_t.replace(pos=x_t.pos / unit)
        output = self.network(scaled, levels, cond, None if previous is None else self._seen(previous))
        alpha, sigma = (share.unsqueeze(-1) for share in self.noise.alpha_sigma("pos", levels["pos"]))
        variance = alpha.square() + sigma.square()
        pos = alpha / variance * scaled.pos + sigma * variance.rsqrt() * output.pos
        return output.replace(pos=self._framed(pos, x_t, levels) * unit)

    def _seen(self, previous: MolBatch) -> MolBatch:
        """The last estimate as the network reads it; its gradient is cut."""
        seen = previous.map(
            lambda name, value: (
                value.softmax(dim=-1) if FIELDS[name].categorical else value / self.noise.unit(name)
            )
        )
        return seen.map(lambda _, value: value.detach()).masked()

    @staticmethod
    def _framed(pos: torch.Tensor, x_t: MolBatch, levels: NoiseLevels) -> torch.Tensor:
        """Zero the centre of mass where no given atom anchors the frame."""
        if levels.molecule_time is not None:
            return centre(pos, x_t.mask)
        real = pos * x_t.mask.unsqueeze(-1)
        return torch.where(levels.anchored(x_t), real, centre(real, x_t.mask))
