"""Which side of a plane atoms lie on: what distances cannot tell, as signs of products of coordinates.

A tetrahedral centre is the sign of the volume that four of its neighbours span, a double bond whether two
of its neighbours lie on the same side of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad


class Side(NamedTuple):
    """One sign that is wanted of a molecule's coordinates.

    Attributes:
        atoms: Indices of four atoms. Of a centre its neighbours, of a double bond a neighbour, its end of the
            bond, the other end, that end's neighbour.
        positive: Whether the volume is to be positive, or the neighbours on the same side.
        turning: Of a double bond, the atoms beyond its second end, which turn about it together; empty of a
            centre.
    """

    atoms: tuple[int, int, int, int]
    positive: bool
    turning: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Handedness:
    """Signs that are wanted of ``B`` molecules, at most ``K`` of each.

    Attributes:
        atoms: ``(B, K, 4)`` int64 indices, as in :class:`Side`.
        wanted: ``(B, K)`` float, 1 or -1; 0 is padding.
        turning: ``(B, K, N)`` bool atoms that turn about a double bond; none about a centre.
    """

    atoms: Tensor
    wanted: Tensor
    turning: Tensor

    @classmethod
    def of(cls, molecules: Sequence[Sequence[Side]], num_atoms: int) -> Handedness:
        """Join what is wanted of each molecule of at most ``num_atoms``; of some it may be nothing."""
        most = max((len(sides) for sides in molecules), default=0)
        atoms = torch.zeros(len(molecules), most, 4, dtype=torch.int64)
        wanted = torch.zeros(len(molecules), most)
        turning = torch.zeros(len(molecules), most, num_atoms, dtype=torch.bool)
        for row, sides in enumerate(molecules):
            for place, side in enumerate(sides):
                atoms[row, place] = torch.tensor(side.atoms)
                wanted[row, place] = 1.0 if side.positive else -1.0
                turning[row, place, list(side.turning)] = True
        return cls(atoms, wanted, turning)

    def __len__(self) -> int:
        """Number of molecules ``B``."""
        return len(self.wanted)

    @property
    def planar(self) -> Tensor:
        """Which of them are double bonds, ``(B, K)`` bool."""
        return self.turning.any(dim=-1)

    def take(self, index: Tensor, num_atoms: int) -> Handedness:
        """Return that of molecules ``index``, ``(M,)`` int64, which have at most ``num_atoms``."""
        return Handedness(self.atoms[index], self.wanted[index], self.turning[index, :, :num_atoms])

    def to(self, device: torch.device) -> Handedness:
        """Return a copy on another device."""
        return Handedness(self.atoms.to(device), self.wanted.to(device), self.turning.to(device))

    def shown(self, pos: Tensor) -> Tensor:
        """Return the products whose signs are meant, ``(B, K)``, of ``(B, N, 3)`` coordinates.

        Volumes are six times that of the tetrahedron, cubic angstrom; of double bonds it is the scalar
        product of the neighbours' offsets from the bond's line, square angstrom.
        """
        a, b, c, d = self.corners(pos).unbind(dim=2)
        volume = torch.linalg.cross(b - a, c - a).mul(d - a).sum(dim=-1)
        line = torch.nn.functional.normalize(c - b, dim=-1)
        first, last = (x - (x * line).sum(dim=-1, keepdim=True) * line for x in (a - b, d - c))
        return torch.where(self.planar, (first * last).sum(dim=-1), volume)

    def corners(self, pos: Tensor) -> Tensor:
        """Coordinates of the four atoms of each, ``(B, K, 4, 3)``."""
        row = torch.arange(len(self), device=pos.device).view(-1, 1, 1)
        return pos[row, self.atoms]


def joined(parts: Sequence[Handedness]) -> Handedness:
    """Join batches, at least one, into one."""
    most = max(part.wanted.shape[1] for part in parts)
    num_atoms = max(part.turning.shape[2] for part in parts)
    grown = [most - part.wanted.shape[1] for part in parts]
    return Handedness(
        torch.cat([pad(part.atoms, (0, 0, 0, extra)) for part, extra in zip(parts, grown, strict=True)]),
        torch.cat([pad(part.wanted, (0, extra)) for part, extra in zip(parts, grown, strict=True)]),
        torch.cat(
            [
                pad(part.turning, (0, num_atoms - part.turning.shape[2], 0, extra))
                for part, extra in zip(parts, grown, strict=True)
            ]
        ),
    )
