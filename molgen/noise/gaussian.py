"""Gaussian noise on positions, one-hots and integers (EDM, Hoogeboom et al. 2022).

All three share one process, ``x_t = alpha x0 + sigma unit eps``; they differ in the subspace that the
noise lives in and in how clean data are drawn at the end of the chain. ``unit`` is EDM's normalisation
turned round: dividing a one-hot by 4 is noise of scale 4 on the one-hot itself.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from molgen.core.contracts import NoiseSchedule
from molgen.core.errors import ConfigError
from molgen.core.geometry import centre
from molgen.noise.process import NoiseProcess, StepTimes, sum_entries
from molgen.noise.weighting import EpsilonWeighting, LossWeighting

_LOG_2PI = math.log(2 * math.pi)
_MIN_MASS = 1e-10
"""EDM's guard against the logarithm of an underflowing Gaussian mass."""


class GaussianNoise(NoiseProcess):
    """Isotropic Gaussian noise on a continuous field.

    Args:
        schedule: Signal and noise shares over time.
        unit: Noise scale at ``sigma = 1``, in the field's unit.
        weighting: Weight of the squared error in noise units; defaults to the epsilon loss.

    Raises:
        ConfigError: ``unit`` is not positive.
    """

    def __init__(
        self, schedule: NoiseSchedule, unit: float = 1.0, weighting: LossWeighting | None = None
    ) -> None:
        if not unit > 0:
            raise ConfigError(f"noise unit must be positive, got {unit}")
        self.schedule = schedule
        self.unit = unit
        self.weighting = EpsilonWeighting() if weighting is None else weighting

    def project(self, noise: Tensor, mask: Tensor) -> Tensor:
        """Map white noise to the subspace that the field lives in."""
        return noise * mask.unsqueeze(-1)

    def dimensions(self, mask: Tensor, width: int) -> Tensor:
        """``(B,)`` dimension of that subspace."""
        return width * mask.flatten(start_dim=1).sum(dim=1)

    def alpha_sigma(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """Signal share and noise share at ``t``, each with a last axis of 1 added."""
        return self.schedule.alpha(t).unsqueeze(-1), self.schedule.sigma(t).unsqueeze(-1)

    @property
    def clean_at_zero(self) -> bool:
        """See base."""
        return float(self.schedule.sigma(torch.zeros(()))) == 0

    def corrupt(self, x0: Tensor, t: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        """See base."""
        return self.mix(x0, t, self.draw(x0, t, mask, generator))

    def draw(self, like: Tensor, t: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        """Draw the noise of entries at times ``t``, ``(..., D)``, in the field's unit."""
        return self.prior(like, mask, generator)

    def mix(self, x0: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """Return ``alpha x0 + sigma noise``."""
        alpha, sigma = self.alpha_sigma(t)
        return alpha * x0 + sigma * noise

    def prior(self, like: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        """See base."""
        return self.unit * self.project(_white(like, generator), mask)

    def loss(self, x0_hat: Tensor, x0: Tensor, t: Tensor, mask: Tensor) -> Tensor:
        """See base: weighted squared error in noise units."""
        error = ((x0_hat - x0) / self.unit).square().sum(dim=-1)
        # Clean entries may have infinite weight, which must not meet their error, not even in a gradient.
        log_snr = self.schedule.log_snr(t)
        weight = torch.where(mask & ~log_snr.isposinf(), self.weighting(log_snr), 0.0)
        return sum_entries(error * weight)

    def _posterior_variance(self, times: StepTimes) -> Tensor:
        """Variance of ``q(x_s | x_t, x0)`` in noise units (EDM, equation 4), last axis 1."""
        _, sigma_s = self.alpha_sigma(times.s)
        # sigma_{t|s}^2 = -sigma_t^2 expm1(log_snr_t - log_snr_s) for any schedule; no cancellation.
        gap = self.schedule.log_snr(times.t) - self.schedule.log_snr(times.s)
        return -torch.expm1(gap).unsqueeze(-1) * sigma_s.square()

    def step(
        self,
        x_t: Tensor,
        x0_hat: Tensor,
        times: StepTimes,
        stochasticity: float,
        mask: Tensor,
        generator: torch.Generator,
    ) -> Tensor:
        """See base: DDIM's family (Song et al. 2021, equation 12), ancestral at stochasticity 1."""
        alpha_t, sigma_t = self.alpha_sigma(times.t)
        alpha_s, sigma_s = self.alpha_sigma(times.s)
        variance = stochasticity**2 * self._posterior_variance(times)
        direction = (x_t - alpha_t * x0_hat) / sigma_t
        x_s = alpha_s * x0_hat + (sigma_s.square() - variance).clamp(min=0).sqrt() * direction
        if stochasticity > 0:
            x_s = x_s + variance.sqrt() * self.draw(x_t, times.t, mask, generator)
        return x_s * mask.unsqueeze(-1)

    def renoise(self, x_s: Tensor, times: StepTimes, mask: Tensor, generator: torch.Generator) -> Tensor:
        """See base: ``x_t = (alpha_t / alpha_s) x_s`` plus what noise is missing."""
        alpha_t, sigma_t = self.alpha_sigma(times.t)
        alpha_s, sigma_s = self.alpha_sigma(times.s)
        ratio = alpha_t / alpha_s
        missing = (sigma_t.square() - (ratio * sigma_s).square()).clamp(min=0).sqrt()
        return (ratio * x_s + missing * self.draw(x_s, times.t, mask, generator)) * mask.unsqueeze(-1)

    def reconstruct(self, x_0: Tensor, x0_hat: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        """See base: ``x0_hat`` plus the noise of ``p(x0 | x_0)``, of scale ``sigma_0 / alpha_0``."""
        drawn = x0_hat + self._final_scale(x_0) * self.prior(x_0, mask, generator)
        return drawn * mask.unsqueeze(-1)

    def _final_scale(self, like: Tensor) -> Tensor:
        """``sigma(0) / alpha(0)``, a scalar tensor."""
        zero = torch.zeros((), dtype=like.dtype, device=like.device)
        return self.schedule.sigma(zero) / self.schedule.alpha(zero)

    def prior_kl(self, x0: Tensor, mask: Tensor) -> Tensor:
        """See base: KL of two Gaussians in the field's subspace, noise units."""
        one = torch.ones((), dtype=x0.dtype, device=x0.device)
        alpha, sigma = self.schedule.alpha(one), self.schedule.sigma(one)
        mean = sum_entries((alpha * x0 / self.unit).square())
        dims = self.dimensions(mask, x0.shape[-1])
        return 0.5 * (mean + dims * (sigma.square() - 1 - 2 * sigma.log()))

    def step_kl(self, x_t: Tensor, x0_hat: Tensor, x0: Tensor, times: StepTimes, mask: Tensor) -> Tensor:
        """See base: ``(SNR(s) - SNR(t)) / 2`` times the squared error in noise units."""
        error = ((x0_hat - x0) / self.unit).square().sum(dim=-1) * mask
        snr_t, snr_s = self.schedule.log_snr(times.t).exp(), self.schedule.log_snr(times.s).exp()
        return sum_entries(0.5 * (snr_s - snr_t) * error)

    def reconstruction_nll(self, x0: Tensor, x_0: Tensor, x0_hat: Tensor, mask: Tensor) -> Tensor:
        """See base: Gaussian density around ``x0_hat`` on the field's subspace."""
        scale = self._final_scale(x0)
        error = sum_entries(((x0 - x0_hat) / (self.unit * scale)).square() * mask.unsqueeze(-1))
        return 0.5 * error + self.dimensions(mask, x0.shape[-1]) * (scale.log() + 0.5 * _LOG_2PI)

    def log_volume(self, mask: Tensor, width: int) -> Tensor:
        """See base: ``-log p(x) = -log p(x / unit) + dimensions * log(unit)``."""
        return self.dimensions(mask, width) * math.log(self.unit)


def _white(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, dtype=like.dtype, device=like.device)


class PositionNoise(GaussianNoise):
    """Noise on coordinates, projected to zero centre of mass: ``3 (n - 1)`` dimensions.

    Where some atoms of a molecule are given, they anchor the frame, and the others carry full noise.
    """

    def draw(self, like: Tensor, t: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        """See base; projected unless given atoms anchor the molecule."""
        white = _white(like, generator) * mask.unsqueeze(-1)
        anchored = ((t == 0) & mask).any(dim=1) & ((t > 0) & mask).any(dim=1)
        return self.unit * torch.where(anchored.view(-1, 1, 1), white, self.project(white, mask))

    def project(self, noise: Tensor, mask: Tensor) -> Tensor:
        """Mask and subtract the centroid."""
        return centre(noise, mask)

    def dimensions(self, mask: Tensor, width: int) -> Tensor:
        """``width (n - 1)``, and 0 for a molecule without atoms."""
        return width * (mask.sum(dim=1) - 1).clamp(min=0)


class OneHotNoise(GaussianNoise):
    """Gaussian noise on one-hot categories; clean categories are drawn by rounding at the end."""

    def reconstruct(self, x_0: Tensor, x0_hat: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        """One-hot of the most probable category under ``p(x0 | x_0)``, which is the largest entry."""
        index = x_0.argmax(dim=-1)
        return torch.nn.functional.one_hot(index, x_0.shape[-1]).to(x_0) * mask.unsqueeze(-1)

    def reconstruction_nll(self, x0: Tensor, x_0: Tensor, x0_hat: Tensor, mask: Tensor) -> Tensor:
        """See base: Gaussian mass of each category's entry within +-1/2 of 1, normalised (EDM)."""
        logits = log_gaussian_mass(x_0 - 1.0, self.unit * self._sigma_zero(x0))
        log_prob = torch.log_softmax(logits, dim=-1)
        return -sum_entries((log_prob * x0).sum(dim=-1) * mask)

    def _sigma_zero(self, like: Tensor) -> Tensor:
        return self.schedule.sigma(torch.zeros((), dtype=like.dtype, device=like.device))

    def log_volume(self, mask: Tensor, width: int) -> Tensor:
        """Probabilities of discrete data need no change of variables."""
        return torch.zeros(mask.shape[0], dtype=torch.float32, device=mask.device)


class IntegerNoise(OneHotNoise):
    """Gaussian noise on an ordinal integer; clean values are drawn by rounding at the end."""

    def reconstruct(self, x_0: Tensor, x0_hat: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        """The nearest integer to ``x_0``."""
        return x_0.round() * mask.unsqueeze(-1)

    def reconstruction_nll(self, x0: Tensor, x_0: Tensor, x0_hat: Tensor, mask: Tensor) -> Tensor:
        """See base: Gaussian mass within +-1/2 of the true integer (EDM)."""
        log_prob = log_gaussian_mass(x0 - x_0, self.unit * self._sigma_zero(x0))
        return -sum_entries(log_prob * mask.unsqueeze(-1))


def log_gaussian_mass(offset: Tensor, scale: Tensor) -> Tensor:
    """Log of the mass of ``N(0, scale^2)`` within +-1/2 of ``offset`` (EDM, equation 12).

    Args:
        offset: Any shape.
        scale: Scalar tensor, positive.
    """
    upper = torch.special.ndtr((offset + 0.5) / scale)
    lower = torch.special.ndtr((offset - 0.5) / scale)
    return torch.log(upper - lower + _MIN_MASS)
