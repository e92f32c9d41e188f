"""Loss weights as functions of the log signal-to-noise ratio, applied to x0 errors in noise units."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class LossWeighting(Protocol):
    """Weight of a squared ``x0`` error at a noise level."""

    def __call__(self, log_snr: Tensor) -> Tensor:
        """Map log-SNR of any shape to non-negative weights of the same shape."""
        ...


class EpsilonWeighting:
    """``SNR``: the unweighted squared error of the noise (Ho et al. 2020, ``L_simple``; used by EDM).

    As ``x0 - x0_hat = (sigma / alpha) (eps_hat - eps)``, an x0 error times ``alpha^2 / sigma^2`` is an
    eps error.
    """

    def __call__(self, log_snr: Tensor) -> Tensor:
        """Return ``exp(log_snr)``."""
        return log_snr.exp()
