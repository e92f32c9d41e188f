"""Muon for the matrices of a network, AdamW for the rest, as one optimiser under one schedule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import AdamW, Muon, Optimizer

NARROWEST = 32
"""Least side of a matrix whose updates are orthogonalised; heads and vector channels are narrower."""


class StackedMuon(Muon):
    """torch's Muon in the precision of the weights, all matrices of one shape at once.

    torch's own works in bfloat16, one matrix after another; on CPUs without such arithmetic that takes longer
    than the rest of a training step. It takes Nesterov's step ahead, on the scale of AdamW's updates; groups
    and state are torch's.

    Args:
        params: Matrices.
        lr: Learning rate.
        weight_decay: Decoupled weight decay.
        momentum: Decay rate of the momentum.
    """

    def __init__(self, params: Iterable[Parameter], lr: float, weight_decay: float, momentum: float) -> None:
        super().__init__(params, lr, weight_decay, momentum, adjust_lr_fn="match_rms_adamw")

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take one step of every matrix that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            alike: defaultdict[torch.Size, list[Tensor]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike[parameter.shape].append(parameter)
            for parameters in alike.values():
                self._move(parameters, group)
        return loss

    def _move(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        """Step matrices ``(a, b)`` of one shape."""
        for parameter in parameters:
            if not self.state[parameter]:
                self.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        momenta = [self.state[parameter]["momentum_buffer"] for parameter in parameters]
        torch._foreach_lerp_(momenta, gradients, 1 - group["momentum"])
        ahead = torch._foreach_lerp(gradients, momenta, group["momentum"])
        moves = orthogonalise(torch.stack(ahead), group["ns_coefficients"], group["ns_steps"], group["eps"])
        torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
        reach = 0.2 * max(parameters[0].shape) ** 0.5
        torch._foreach_add_(parameters, list(moves.unbind()), alpha=-group["lr"] * reach)


def orthogonalise(
    matrices: Tensor, coefficients: tuple[float, float, float], passes: int, least: float
) -> Tensor:
    """Bring the singular values of ``(K, a, b)`` matrices near 1 by Newton and Schulz's iteration.

    Args:
        matrices: Any finite matrices; the iteration begins from each over its Frobenius norm.
        coefficients: Of the odd quintic polynomial that every pass applies to the singular values.
        passes: How often.
        least: Norms below this are taken for it.
    """
    linear, cubic, quintic = coefficients
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=least)
    for _ in range(passes):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=cubic, alpha=quintic), x, beta=linear)
    return x.mT if tall else x


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
            self._halves.append(StackedMuon(wide, lr, weight_decay, momentum))
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
