"""A joint distribution over few categories whose every answer is known, and its exact denoiser.

Two atoms and the bond between them take one of a few states together. Given a noisy state, the posterior
over the clean states is a sum over all of them, and its marginals are what a perfect network would say.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from molgen.core import NUM_BOND_ORDERS, Denoiser, LevelSupport, MolBatch, NoiseLevels
from molgen.core.contracts import Condition
from molgen.noise import JointNoise
from molgen.noise.categorical import CategoricalNoise

ELEMENTS = 3
STATES = ELEMENTS * ELEMENTS * NUM_BOND_ORDERS


def random_shares(generator: torch.Generator) -> Tensor:
    """``(STATES,)`` probabilities of (first element, second element, bond), far from independent."""
    return (1.5 * torch.randn(STATES, generator=generator, dtype=torch.float64)).softmax(dim=0)


def parts(state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """First element, second element and bond order of states."""
    bond, elements = state % NUM_BOND_ORDERS, state // NUM_BOND_ORDERS
    return elements // ELEMENTS, elements % ELEMENTS, bond


class ExactCategories(Denoiser):
    """The closed-form marginals ``p(x0 | x_t)`` of each entry, as logits; positions at the origin.

    Args:
        shares: ``(STATES,)`` probabilities of the clean states.
        noise: Its noise, with categorical processes on ``atom`` and ``bond``.
    """

    level_support = LevelSupport.PER_MOLECULE

    def __init__(self, shares: Tensor, noise: JointNoise) -> None:
        super().__init__()
        self.shares = shares
        self.noise = noise

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base."""
        time = levels.per_molecule()
        first, second, bond = parts(torch.arange(STATES))
        seen = [
            log_likelihood(self.noise, "atom", x_t["atom"][:, 0], time)[:, first],
            log_likelihood(self.noise, "atom", x_t["atom"][:, 1], time)[:, second],
            log_likelihood(self.noise, "bond", x_t["bond"][:, 0, 1], time)[:, bond],
        ]
        belief = (self.shares.log() + torch.stack(seen).sum(dim=0)).softmax(dim=1)
        atom = torch.stack([_marginal(belief, first, ELEMENTS), _marginal(belief, second, ELEMENTS)], dim=1)
        pair = _marginal(belief, bond, NUM_BOND_ORDERS)[:, None, None].expand_as(x_t["bond"])
        logits = {"atom": (atom + 1e-30).log(), "bond": (pair + 1e-30).log()}
        return x_t.replace(pos=torch.zeros_like(x_t.pos), **logits).masked()


def log_likelihood(noise: JointNoise, field: str, x_t: Tensor, time: Tensor) -> Tensor:
    """Log-probability of noisy entries, ``(*entries, K)``, under each of their clean values.

    Args:
        noise: Its process of ``field`` must be categorical.
        field: Name of the field.
        x_t: ``(*entries, K)`` noisy entries.
        time: ``(*entries,)``.
    """
    process = noise.processes[field]
    assert isinstance(process, CategoricalNoise)
    kept = process.keep(time)
    replaced = process.replacement(x_t)
    drawn = (replaced * x_t).sum(dim=-1, keepdim=True)
    drawn = drawn + (1 - replaced.sum(dim=-1, keepdim=True)) * (1 - x_t.sum(dim=-1, keepdim=True))
    # The bound keeps a state that no clean one explains finite; which one is nearest is then a convention.
    return (kept * x_t + (1 - kept) * drawn).clamp(min=1e-30).log()


def _marginal(belief: Tensor, value: Tensor, width: int) -> Tensor:
    """Sum ``(B, STATES)`` beliefs over states with the same value of one entry: ``(B, width)``."""
    return belief @ torch.nn.functional.one_hot(value, width).to(belief)


def drawn_states(molecules: MolBatch) -> Tensor:
    """Index of each molecule's state, ``(B,)``."""
    elements = molecules["atom"].argmax(dim=-1)
    bond = molecules["bond"][:, 0, 1].argmax(dim=-1)
    return (elements[:, 0] * ELEMENTS + elements[:, 1]) * NUM_BOND_ORDERS + bond


def assert_shares(states: Tensor, shares: Tensor, multiple: float, bias: float) -> None:
    """Marginals of all three entries, and of all pairs of them, have the right shares.

    Args:
        states: ``(M,)`` drawn states.
        shares: What they should follow.
        multiple: Number of standard errors allowed.
        bias: Allowed on top in every share.
    """
    found = torch.bincount(states, minlength=STATES).double() / len(states)
    grid = (ELEMENTS, ELEMENTS, NUM_BOND_ORDERS)
    for summed in ((1, 2), (0, 2), (0, 1), (0,), (1,), (2,)):
        expected = shares.view(grid).sum(dim=summed)
        error = (found.view(grid).sum(dim=summed) - expected).abs()
        spread = (expected * (1 - expected)).sqrt() / math.sqrt(len(states))
        assert (error <= bias + multiple * spread).all(), (
            f"shares summed over {summed}: off by {float(error.max()):.4f}, standard error "
            f"{float(spread.max()):.4f}, allowed bias {bias}"
        )
