"""Match position noise to the molecule before mixing: equivariant optimal transport.

A Gaussian is the same after its points are renamed and rotated, so each molecule may be paired with the
renamed and rotated noise that lies nearest to it. Paths get shorter and straighter, which is worth most at
few sampling steps (Klein et al. 2023, "Equivariant flow matching"; Song et al. 2023).
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from molgen.core.batch import MolBatch
from molgen.core.geometry import kabsch
from molgen.core.levels import NoiseLevels


class Coupling(ABC):
    """Pairs molecules with noise."""

    @abstractmethod
    def __call__(self, x0: MolBatch, noise: Tensor, levels: NoiseLevels) -> Tensor:
        """Rearrange position noise.

        Args:
            x0: Clean molecules, ``pos`` in the frame of the noise.
            noise: ``(B, N, 3)`` angstrom, zero where an atom is padding.
            levels: Times of every entry, which say what is given.

        Returns:
            ``(B, N, 3)`` noise with the same distribution given the entries that are given.
        """


class EquivariantTransport(Coupling):
    """Renames noise by linear assignment, then rotates it by Kabsch's method.

    Only atoms whose every field is noisy exchange their noise: a clean element or bond would tell which
    noise an atom was given. Only molecules without a given position are rotated.
    """

    def __call__(self, x0: MolBatch, noise: Tensor, levels: NoiseLevels) -> Tensor:
        """See base."""
        renamed = torch.take_along_dim(noise, self._assignment(x0, noise, levels).unsqueeze(-1), dim=1)
        rotation = kabsch(renamed, x0.pos, x0.mask)
        return torch.where(levels.anchored(x0), renamed, renamed @ rotation.transpose(1, 2))

    @staticmethod
    def _assignment(x0: MolBatch, noise: Tensor, levels: NoiseLevels) -> Tensor:
        """``(B, N)`` int64: which noise each atom takes; atoms that cannot exchange keep theirs."""
        free = _exchangeable(x0, levels)
        cost = torch.cdist(x0.pos, noise).square().cpu().numpy()
        order = torch.arange(x0.mask.shape[1]).repeat(len(x0), 1)
        for row, movable in enumerate(free.cpu()):
            atoms = movable.nonzero().flatten()
            if len(atoms) > 1:
                index = atoms.numpy()
                _, chosen = linear_sum_assignment(cost[row][index[:, None], index])
                order[row, atoms] = atoms[torch.from_numpy(chosen)]
        return order.to(noise.device)


def _exchangeable(x0: MolBatch, levels: NoiseLevels) -> Tensor:
    """``(B, N)`` bool: atoms that nothing given tells apart.

    All their own entries are noisy, and so are the pairs among them; their pairs with another atom are noisy
    for all of them, or given and alike.
    """
    free = x0.mask
    for name, value in x0.items():
        if value.ndim == 3:
            free = free & levels.free(name, x0)
    for name, value in x0.items():
        if value.ndim == 4:
            among = free.unsqueeze(1) & free.unsqueeze(2) & x0.entry_mask(name)
            noisy = levels.free(name, x0)
            free = free & (noisy | ~among).all(dim=2) & _same_to_others(value, noisy, free)
    return free


def _same_to_others(value: Tensor, noisy: Tensor, free: Tensor) -> Tensor:
    """``(B, 1)`` bool: whether each atom that is not free looks alike from all free ones."""
    seen = torch.cat([value * ~noisy.unsqueeze(-1), noisy.unsqueeze(-1).to(value)], dim=-1)
    from_free = free.view(*free.shape, 1, 1)
    most = seen.masked_fill(~from_free, -torch.inf).amax(dim=1)
    least = seen.masked_fill(~from_free, torch.inf).amin(dim=1)
    return ((most == least).all(dim=-1) | free | ~free.any(dim=1, keepdim=True)).all(dim=1, keepdim=True)
