"""Match position noise to the molecule before mixing: equivariant optimal transport.

A Gaussian is the same after its points are renamed and rotated, so each molecule may be paired with the
renamed and rotated noise that lies nearest to it. Paths get shorter and straighter, which is worth most at
few sampling steps (Klein et al. 2023, "Equivariant flow matching"; Song et al. 2023).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from molgen.core.batch import MolBatch
from molgen.core.geometry import kabsch
from molgen.core.levels import NoiseLevels
from molgen.core.precision import full_precision

_FORBIDDEN = 1e9
"""Squared distance, angstrom^2, of an exchange that is not allowed; keeping one's own noise always is."""
_LEAN_DRAWS = 128
_SMALL = 1e-3
"""Least squared size, angstrom^2, that a lean is divided by: a single atom is at the origin."""


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

    @abstractmethod
    def lean(self, x0: MolBatch, levels: NoiseLevels, unit: float) -> Tensor:
        """How far coupled noise ``e`` leans towards its molecule: the mean of ``<e, x> / <x, x>``.

        Args:
            x0: Clean molecules, ``pos`` in the frame of the noise; those that are not finite lean nowhere.
            levels: Times of every entry, by which all but positions is given.
            unit: Standard deviation of the noise, angstrom.

        Returns:
            ``(B, 1, 1)``.
        """


class EquivariantTransport(Coupling):
    """Renames noise by linear assignment, then rotates it by Kabsch's method.

    Only atoms that nothing given tells apart exchange their noise: of a given formula, those of one element.
    Only molecules without a given position are rotated.
    """

    def __call__(self, x0: MolBatch, noise: Tensor, levels: NoiseLevels) -> Tensor:
        """See base."""
        renamed = torch.take_along_dim(noise, self._assignment(x0, noise, levels).unsqueeze(-1), dim=1)
        rotation = kabsch(renamed, x0.pos, x0.mask)
        with full_precision(renamed):
            turned = renamed @ rotation.transpose(1, 2)
        return torch.where(levels.anchored(x0), renamed, turned)

    def lean(self, x0: MolBatch, levels: NoiseLevels, unit: float) -> Tensor:
        """See base.

        Nothing is renamed in a given graph. The rotation that brings noise ``e`` nearest to ``x`` makes
        ``<e, x>`` the sum of the singular values of ``e^T x``, the last one signed (Kabsch), which has the
        law of a 3 x 3 Gaussian matrix times the singular values of ``x``; the mean is that over fixed draws.
        """
        free = ~levels.anchored(x0) & x0.pos.isfinite().all(dim=2).all(dim=1).view(-1, 1, 1)
        pos = torch.where(free, x0.pos, 0.0)
        with full_precision(pos):
            spread = torch.linalg.eigvalsh(pos.transpose(1, 2) @ pos).clamp(min=0).sqrt()
        draws = torch.randn(_LEAN_DRAWS, 3, 3, generator=torch.Generator().manual_seed(0)).to(pos)
        matched = draws * spread.view(-1, 1, 1, 3)
        values = torch.linalg.svdvals(matched)
        signed = values[..., 0] + values[..., 1] + torch.linalg.det(matched).sign() * values[..., 2]
        size = pos.square().sum(dim=(1, 2)).clamp(min=_SMALL)
        return (unit * signed.mean(dim=1) / size).view(-1, 1, 1)

    @staticmethod
    def _assignment(x0: MolBatch, noise: Tensor, levels: NoiseLevels) -> Tensor:
        """``(B, N)`` int64: which noise each atom takes; atoms that cannot exchange keep theirs."""
        order = torch.arange(x0.mask.shape[1]).repeat(len(x0), 1)
        movable = _movable(x0, levels)
        if not movable.any():
            return order.to(noise.device)
        alike = _alike(x0, levels, movable)
        cost = torch.cdist(x0.pos, noise).square().masked_fill(~alike, _FORBIDDEN).cpu().numpy()
        for row, atoms_of in enumerate(movable.cpu()):
            atoms = atoms_of.nonzero().flatten()
            if len(atoms) > 1:
                index = atoms.numpy()
                _, chosen = linear_sum_assignment(cost[row][index[:, None], index])
                order[row, atoms] = atoms[torch.from_numpy(chosen)]
        return order.to(noise.device)


def _movable(x0: MolBatch, levels: NoiseLevels) -> Tensor:
    """``(B, N)`` bool atoms with noisy positions and noisy pairs among them."""
    movable = x0.mask & levels.free("pos", x0)
    for name, value in x0.items():
        if value.ndim == 4:
            among = movable.unsqueeze(1) & movable.unsqueeze(2) & x0.entry_mask(name)
            movable = movable & (levels.free(name, x0) | ~among).all(dim=2)
    return movable


def _alike(x0: MolBatch, levels: NoiseLevels, movable: Tensor) -> Tensor:
    """``(B, N, N)`` bool pairs of movable atoms of which nothing that is given differs.

    That is their own entries, and their pairs with the atoms that are not movable.
    """
    alike = torch.ones_like(movable).unsqueeze(1) & torch.ones_like(movable).unsqueeze(2)
    if levels.molecule_time is None:
        for view in _given_views(x0, levels, movable):
            alike &= _same(view)
    return alike


def _same(view: Tensor) -> Tensor:
    """``(B, N, N)`` bool pairs of rows of ``(B, N, D)`` zeros and ones that are equal.

    Their squared distance counts where they differ, in whole numbers, which are exact; entries compared one
    by one would take ``D`` times the memory.
    """
    with full_precision(view):
        size = view.square().sum(dim=-1)
        return size.unsqueeze(1) + size.unsqueeze(2) == 2 * view @ view.transpose(1, 2)


def _given_views(x0: MolBatch, levels: NoiseLevels, movable: Tensor) -> Iterator[Tensor]:
    """Yield, field by field, ``(B, N, D)`` what is given of each atom and its pairs with atoms that stay."""
    for name, value in x0.items():
        if name == "pos":
            continue
        given = (~levels.free(name, x0)).unsqueeze(-1)
        seen = torch.cat([value * given, given.to(value)], dim=-1)
        if value.ndim == 4:
            seen = (seen * ~movable.view(len(x0), 1, -1, 1)).flatten(2)
        yield seen
