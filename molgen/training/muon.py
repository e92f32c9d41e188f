"""Muon for the matrices of a network, AdamW for the rest, as one optimiser under one schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.nn import Parameter
from torch.optim import AdamW, Muon, Optimizer

NARROWEST = 32
"""Least side of a matrix whose updates are orthogonalised; heads and vector channels are narrower."""


class MuonAdamW(Optimizer):
    """Orthogonalised momentum for wide matrices (Jordan et al. 2024), scaled to AdamW's root mean square.

    With that scale (Liu et al., "Muon is scalable for LLM training", 2025) one learning rate and one weight
    decay serve both halves.

    Args:
        params: Parameters of the network.
        lr: Learning rate of both.
        weight_decay: Decoupled weight decay of both.
        momentum: Muon's momentum.
        betas: AdamW's decay rates of the moments.

    Schedules that also cycle the momentum, as ``OneCycleLR`` does unless told not to, do not know which of
    two they should cycle, and refuse.
    """

    def __init__(
        self,
        params: Iterable[Parameter],
        lr: float = 1e-3,
        weight_decay: float = 0.01,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.99),
    ) -> None:
        wide: list[Parameter] = []
        rest: list[Parameter] = []
        for parameter in params:
            is_wide = parameter.ndim == 2 and min(parameter.shape) >= NARROWEST
            (wide if is_wide else rest).append(parameter)
        self._halves: list[Optimizer] = []
        if wide:
            self._halves.append(Muon(wide, lr, weight_decay, momentum, adjust_lr_fn="match_rms_adamw"))
        if rest:
            self._halves.append(AdamW(rest, lr, betas, weight_decay=weight_decay))
        super().__init__([group for half in self._halves for group in half.param_groups], {})
        self._share()

    def _share(self) -> None:
        """Have the halves work on this optimiser's own groups and state, which schedules and savers see."""
        for half, group in zip(self._halves, self.param_groups, strict=True):
            half.param_groups = [group]
            half.state = self.state

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take one step of both halves."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for half in self._halves:
            half.step()
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """See base."""
        super().load_state_dict(state_dict)
        self._share()
