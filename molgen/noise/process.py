"""The contract of a noise process: what one field must know about its own corruption."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor


class StepTimes(NamedTuple):
    """One reverse step: from times ``t`` down to times ``s <= t``, each of the entries' shape."""

    t: Tensor
    s: Tensor


class NoiseProcess(ABC):
    """Corrupts one field, scores a prediction of it, and takes one reverse step.

    Shapes: ``x`` is ``(B, N, D)`` for per-atom fields and ``(B, N, N, D)`` for pairs; times and masks
    are ``x.shape[:-1]``. Every result is exactly zero where the mask is false. Within a molecule whose
    times differ, an entry at time 0 is given.
    """

    @property
    @abstractmethod
    def clean_at_zero(self) -> bool:
        """Whether ``x_t`` at ``t = 0`` is clean data, so that a prediction just before it may end a chain."""

    @abstractmethod
    def corrupt(self, x0: Tensor, t: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        """Draw ``x_t ~ q(x_t | x0)``."""

    @abstractmethod
    def prior(self, like: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        """Draw from the prior at ``t = 1``, with the shape, type and device of ``like``."""

    @abstractmethod
    def loss(self, x0_hat: Tensor, x0: Tensor, t: Tensor, mask: Tensor) -> Tensor:
        """Training loss of a prediction, summed over entries and components: ``(B,)``."""

    @abstractmethod
    def step(
        self,
        x_t: Tensor,
        x0_hat: Tensor,
        times: StepTimes,
        stochasticity: float,
        mask: Tensor,
        generator: torch.Generator,
    ) -> Tensor:
        """Draw ``x_s`` given ``x_t`` and the prediction; 1 is ancestral sampling, 0 deterministic."""

    @abstractmethod
    def renoise(self, x_s: Tensor, times: StepTimes, mask: Tensor, generator: torch.Generator) -> Tensor:
        """Draw ``x_t ~ q(x_t | x_s)``: forward from ``times.s`` to ``times.t``."""

    @abstractmethod
    def reconstruct(self, x_0: Tensor, x0_hat: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        """Draw clean data given the state at ``t = 0`` and the prediction there."""

    @abstractmethod
    def prior_kl(self, x0: Tensor, mask: Tensor) -> Tensor:
        """``KL(q(x_1 | x0) || prior)`` in nats, ``(B,)``."""

    @abstractmethod
    def step_kl(self, x_t: Tensor, x0_hat: Tensor, x0: Tensor, times: StepTimes, mask: Tensor) -> Tensor:
        """``KL(q(x_s | x_t, x0) || p(x_s | x_t))`` in nats, ``(B,)``."""

    @abstractmethod
    def reconstruction_nll(self, x0: Tensor, x_0: Tensor, x0_hat: Tensor, mask: Tensor) -> Tensor:
        """``-log p(x0 | x_0)`` in nats, in noise units for continuous fields, ``(B,)``."""

    @abstractmethod
    def log_volume(self, mask: Tensor, width: int) -> Tensor:
        """Change of variables from noise units to the field's unit in nats, ``(B,)``; 0 if discrete."""


def sum_entries(values: Tensor) -> Tensor:
    """Sum over everything but the molecule axis: ``(B, ...) -> (B,)``."""
    return values.flatten(start_dim=1).sum(dim=1)
