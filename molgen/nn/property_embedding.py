"""Properties that molecules are asked to have, as a vector that layers are conditioned on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from molgen.core.errors import ConfigError

_FREQUENCIES = (0.5, 1.0, 2.0)
"""Of the sine and cosine features, in units of pi over a standard deviation."""
_REACH = 5.0
"""Standard scores beyond it look alike: nothing was learned there."""


@dataclass(frozen=True)
class Scale:
    """Distribution of a property over the training molecules.

    Attributes:
        mean: Its mean, in the property's unit.
        std: Its standard deviation.
    """

    mean: float
    std: float


class PropertyEmbedding(nn.Module):
    """Embeds any subset of some properties; a property that is not given adds a learned null.

    It begins at zero, so that conditions can be added to a network that was trained without.

    Args:
        conditions: Property name to scale.
        width: Width ``k`` of the embedding.

    Raises:
        ConfigError: There is no property, or a standard deviation is not positive.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, conditions: Mapping[str, Scale], width: int) -> None:
        super().__init__()
        if not conditions or any(not scale.std > 0 for scale in conditions.values()):
            raise ConfigError(f"conditions need a mean and a positive std each, got {dict(conditions)}")
        self.names = tuple(conditions)
        for name in ("mean", "std"):
            values = torch.tensor([float(getattr(scale, name)) for scale in conditions.values()])
            self.register_buffer(name, values, persistent=False)
        features = len(self.names) * (2 + 2 * len(_FREQUENCIES))
        self.mix = nn.Sequential(nn.Linear(features, width), nn.SiLU(), nn.Linear(width, width))
        last = self.mix[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, size: int, cond: Mapping[str, Tensor]) -> Tensor:
        """Embed the properties asked of ``size`` molecules.

        Args:
            size: Number of molecules ``B``.
            cond: Property name to ``(B,)`` values, in its unit, NaN where it is not asked for; names may be
                missing.

        Returns:
            ``(B, k)``.

        Raises:
            ConfigError: A name is not among the properties.
        """
        unknown = sorted(set(cond) - set(self.names))
        if unknown:
            raise ConfigError(f"this network knows no conditions {unknown}; it knows {list(self.names)}")
        missing = self.mean.new_full((size,), torch.nan)
        values = torch.stack([cond.get(name, missing).to(self.mean) for name in self.names], dim=-1)
        known = values.isfinite()
        score = torch.where(known, (values - self.mean) / self.std, 0.0).clamp(-_REACH, _REACH)
        waves = [f(torch.pi * k * score) for k in _FREQUENCIES for f in (torch.sin, torch.cos)]
        features = torch.stack([score, *waves], dim=-1) * known.unsqueeze(-1)
        return self.mix(torch.cat([features, known.unsqueeze(-1).to(features)], dim=-1).flatten(1))
