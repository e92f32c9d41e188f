"""How far categories are ahead of positions in training, so that samplers may choose."""

from __future__ import annotations

import torch
from torch import Tensor

from molgen.core.errors import ConfigError


class RandomLead:
    """Draws exponents of :meth:`molgen.core.levels.NoiseLevels.led`, uniform in ``[1, most]``.

    Args:
        most: Largest exponent.

    Raises:
        ConfigError: ``most`` is not above 1.
    """

    def __init__(self, most: float = 2.0) -> None:
        if not most > 1:
            raise ConfigError(f"a lead needs an exponent above 1, got {most}; leave it out for none")
        self.most = most

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw ``(count,)`` float32 exponents on the generator's device."""
        return 1 + (self.most - 1) * torch.rand(count, generator=generator, device=generator.device)
