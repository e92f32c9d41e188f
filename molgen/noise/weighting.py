"""Loss weights as functions of the log signal-to-noise ratio, applied to x0 errors in noise units."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor

from molgen.core.errors import ConfigError


class LossWeighting(ABC):
    """Weight of a squared ``x0`` error at a noise level."""

    @abstractmethod
    def __call__(self, log_snr: Tensor) -> Tensor:
        """Map log-SNR of any shape to non-negative weights of the same shape."""


class EpsilonWeighting(LossWeighting):
    """``SNR``: the unweighted squared error of the noise (Ho et al. 2020, ``L_simple``; used by EDM).

    As ``x0 - x0_hat = (sigma / alpha) (eps_hat - eps)``, an x0 error times ``alpha^2 / sigma^2`` is an
    eps error.
    """

    def __call__(self, log_snr: Tensor) -> Tensor:
        """Return ``exp(log_snr)``."""
        return log_snr.exp()


class ClampedWeighting(LossWeighting):
    """``SNR + 1``, clamped: equal weight at every level for a network preconditioned to unit output.

    With ``x0_hat = c_skip x_t + c_out F`` and unit data variance, ``c_out^2 = sigma^2 / (alpha^2 + sigma^2)``
    (Karras et al. 2022, table 1), so the weight turns an x0 error into an error of ``F``. The clamp bounds
    what is asked of the last thousandths of an angstrom.

    Args:
        low: Smallest weight.
        high: Largest weight; ``1 / high`` is the squared noise, in noise units, below which it acts.

    Raises:
        ConfigError: ``0 <= low < high`` does not hold.
    """

    def __init__(self, low: float = 0.0, high: float = 2500.0) -> None:
        if not 0 <= low < high:
            raise ConfigError(f"the clamp needs 0 <= low < high, got {low} and {high}")
        self.low = low
        self.high = high

    def __call__(self, log_snr: Tensor) -> Tensor:
        """Return ``clamp(exp(log_snr) + 1)``."""
        return (log_snr.exp() + 1).clamp(self.low, self.high)
