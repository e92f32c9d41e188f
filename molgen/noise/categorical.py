"""Noise on categories: keep a value with probability ``keep(t)``, else replace it.

What replaces it is a uniform draw (:class:`UniformCategorical`; Austin et al. 2021, "D3PM", and, in
continuous time, the jump processes of Campbell et al. 2024) or nothing, the absorbing state
(:class:`AbsorbingCategorical`; a vector of zeros, so that widths stay those of the data). With
``m`` the replacement's distribution, ``q(x_t | x0) = keep x0 + (1 - keep) m`` and, for ``s < t``,
``q(x_t | x_s) = r x_s + (1 - r) m`` with ``r = keep(t) / keep(s)``. Pairs are drawn once and mirrored.
"""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from molgen.core.contracts import NoiseSchedule
from molgen.noise.process import NoiseProcess, StepTimes, sum_entries

_TINY = 1e-30


class CategoricalNoise(NoiseProcess):
    """Noise that replaces categories; predictions are logits.

    Args:
        schedule: Its ``alpha(t)`` is the probability ``keep(t)`` that a value is still the clean one.
    """

    def __init__(self, schedule: NoiseSchedule) -> None:
        self.schedule = schedule

    @abstractmethod
    def replacement(self, like: Tensor) -> Tensor:
        """Probabilities ``m`` of the replacing categories, shape of ``like``; summing to 0 if absorbing."""

    @property
    def clean_at_zero(self) -> bool:
        """See base."""
        return float(self.schedule.alpha(torch.zeros(()))) == 1

    def keep(self, t: Tensor) -> Tensor:
        """``keep(t)`` with a last axis of 1 added."""
        return self.schedule.alpha(t).unsqueeze(-1)

    def corrupt(self, x0: Tensor, t: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        """See base."""
        return self._noisier(x0, self.keep(t), mask, generator)

    def prior(self, like: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        """See base."""
        return draw(self.replacement(like), mask, generator)

    def renoise(self, x_s: Tensor, times: StepTimes, mask: Tensor, generator: torch.Generator) -> Tensor:
        """See base."""
        ratio = self.keep(times.t) / self.keep(times.s).clamp(min=_TINY)
        return self._noisier(x_s, ratio, mask, generator)

    def _noisier(self, x: Tensor, keep: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        return draw(keep * x + (1 - keep) * self.replacement(x), mask, generator)

    def loss(self, x0_hat: Tensor, x0: Tensor, t: Tensor, mask: Tensor) -> Tensor:
        """See base: cross-entropy."""
        return sum_entries(-(x0_hat.log_softmax(dim=-1) * x0).sum(dim=-1) * mask)

    def posterior(self, x_t: Tensor, probabilities: Tensor, times: StepTimes) -> Tensor:
        """``sum_k p(k) q(x_s | x_t, x0 = k)``, exact (D3PM, equation 3, averaged over the prediction).

        Args:
            x_t: ``(..., K)`` one-hot state at ``times.t``, or zeros where absorbed.
            probabilities: ``(..., K)`` of the clean category; one-hot gives ``q(x_s | x_t, x0)`` itself.
            times: Start and end of the step.

        Returns:
            ``(..., K)``; what is missing to a sum of 1 is the probability of the absorbing state.
        """
        keep_t, keep_s = self.keep(times.t), self.keep(times.s)
        m = self.replacement(x_t)
        absorbed = 1 - x_t.sum(dim=-1, keepdim=True)
        lost = 1 - m.sum(dim=-1, keepdim=True)
        ratio = keep_t / keep_s.clamp(min=_TINY)
        # Likelihood of x_t under each x_s = j and under each x0 = k; absorbed states are seen through `lost`.
        seen_m = (m * x_t).sum(dim=-1, keepdim=True) + lost * absorbed
        given_s = ratio * x_t + (1 - ratio) * seen_m
        given_0 = keep_t * x_t + (1 - keep_t) * seen_m
        weight = probabilities / given_0.clamp(min=_TINY)
        return given_s * (keep_s * weight + (1 - keep_s) * m * weight.sum(dim=-1, keepdim=True))

    def step(
        self,
        x_t: Tensor,
        x0_hat: Tensor,
        times: StepTimes,
        stochasticity: float,
        mask: Tensor,
        generator: torch.Generator,
    ) -> Tensor:
        """See base: a draw from the exact posterior, whatever the stochasticity of continuous fields."""
        return draw(self.posterior(x_t, x0_hat.softmax(dim=-1), times), mask, generator)

    def reconstruct(self, x_0: Tensor, x0_hat: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        """See base: the most probable category."""
        index = _mirrored_scores(x0_hat).argmax(dim=-1)
        return torch.nn.functional.one_hot(index, x0_hat.shape[-1]).to(x0_hat) * mask.unsqueeze(-1)

    def prior_kl(self, x0: Tensor, mask: Tensor) -> Tensor:
        """See base: KL of two categorical distributions."""
        keep = self.keep(torch.ones(x0.shape[:-1], dtype=x0.dtype, device=x0.device))
        m = self.replacement(x0)
        return self._kl(keep * x0 + (1 - keep) * m, m, mask)

    def step_kl(self, x_t: Tensor, x0_hat: Tensor, x0: Tensor, times: StepTimes, mask: Tensor) -> Tensor:
        """See base: KL of two categorical distributions."""
        true = self.posterior(x_t, x0, times)
        return self._kl(true, self.posterior(x_t, x0_hat.softmax(dim=-1), times), mask)

    @staticmethod
    def _kl(p: Tensor, q: Tensor, mask: Tensor) -> Tensor:
        """``KL(p || q)``, the absorbing state being what the last axis lacks to 1, each pair once."""
        p, q = ((torch.cat([d, (1 - d.sum(dim=-1, keepdim=True)).clamp(min=0)], dim=-1)) for d in (p, q))
        divergence = torch.where(p > 1e-7, p * (p.clamp(min=_TINY).log() - q.clamp(min=_TINY).log()), 0.0)
        return sum_entries(divergence.sum(dim=-1) * mask) * _share_of_pairs(mask)

    def reconstruction_nll(self, x0: Tensor, x_0: Tensor, x0_hat: Tensor, mask: Tensor) -> Tensor:
        """See base: 0 where data are clean at ``t = 0``, else the prediction's cross-entropy."""
        if self.clean_at_zero:
            return torch.zeros(mask.shape[0], dtype=x0.dtype, device=mask.device)
        entropy = -(x0_hat.log_softmax(dim=-1) * x0).sum(dim=-1)
        return sum_entries(entropy * mask) * _share_of_pairs(mask)

    def log_volume(self, mask: Tensor, width: int) -> Tensor:
        """See base."""
        return torch.zeros(mask.shape[0], dtype=torch.float32, device=mask.device)


class UniformCategorical(CategoricalNoise):
    """Lost values become any category with equal probability."""

    def replacement(self, like: Tensor) -> Tensor:
        """See base."""
        return torch.full_like(like, 1 / like.shape[-1])


class AbsorbingCategorical(CategoricalNoise):
    """Lost values become no category at all: a vector of zeros."""

    def replacement(self, like: Tensor) -> Tensor:
        """See base."""
        return torch.zeros_like(like)

    def posterior(self, x_t: Tensor, probabilities: Tensor, times: StepTimes) -> Tensor:
        """As base; a value that is there is the clean one and stays, whatever is predicted."""
        return torch.where(x_t.any(dim=-1, keepdim=True), x_t, super().posterior(x_t, probabilities, times))

    def reconstruct(self, x_0: Tensor, x0_hat: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        """See base; a value that is there stays."""
        return torch.where(
            x_0.any(dim=-1, keepdim=True), x_0, super().reconstruct(x_0, x0_hat, mask, generator)
        )

    def prior_kl(self, x0: Tensor, mask: Tensor) -> Tensor:
        """See base; infinite if ``keep(1) > 0``, as the prior holds no value."""
        divergence = super().prior_kl(x0, mask)
        kept = float(self.schedule.alpha(torch.ones(()))) > 0
        return torch.where(mask.flatten(start_dim=1).any(dim=1) & kept, torch.inf, divergence)


def draw(probabilities: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    """Draw one-hot categories; a pair and its mirror image get one draw.

    Args:
        probabilities: ``(..., K)``; what is missing to 1 is the probability of a vector of zeros.
        mask: ``(...)`` bool, real entries.
        generator: Source of randomness.

    Returns:
        ``(..., K)`` one-hot or zeros; zeros where the mask is false.
    """
    shape = probabilities.shape[:-1]
    level = torch.rand(shape, generator=generator, dtype=probabilities.dtype, device=probabilities.device)
    below = (probabilities.cumsum(dim=-1) <= level.unsqueeze(-1)).sum(dim=-1)
    # Rounding may leave a sum just below 1: without an absorbing share the last category takes it.
    width = probabilities.shape[-1]
    full = probabilities.sum(dim=-1) > 1 - 1e-5
    index = torch.where(full, below.clamp(max=width - 1), below)
    if probabilities.ndim == 4:
        index = index.triu(1) + index.triu(1).transpose(1, 2)
    one_hot = torch.nn.functional.one_hot(index, width + 1)[..., :width]
    return one_hot.to(probabilities) * mask.unsqueeze(-1)


def _mirrored_scores(scores: Tensor) -> Tensor:
    return scores + scores.transpose(1, 2) if scores.ndim == 4 else scores


def _share_of_pairs(mask: Tensor) -> float:
    """A pair stands twice in a dense batch."""
    return 0.5 if mask.ndim == 3 else 1.0
