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
        atoms: Indices of four atoms. Of a centre: neighbours, or three of them and the centre. Of a double
            bond: a neighbour, its end of the bond, the other end, that end's neighbour.
        planar: Whether it is a double bond.
        positive: Whether the volume is to be positive, or the neighbours on the same side.
    """

    atoms: tuple[int, int, int, int]
    planar: bool
    positive: bool


@dataclass(frozen=True, eq=False)
class Handedness:
    """Signs that are wanted of ``B`` molecules, at most ``K`` of each.

    Attributes:
        atoms: ``(B, K, 4)`` int64 indices, as in :class:`Side`.
        planar: ``(B, K)`` bool.
        wanted: ``(B, K)`` float, 1 or -1; 0 is padding.
    """

    atoms: Tensor
    planar: Tensor
    wanted: Tensor

    @classmethod
    def of(cls, molecules: Sequence[Sequence[Side]]) -> Handedness:
        """Join what is wanted of each molecule; of some it may be nothing."""
        most = max((len(sides) for sides in molecules), default=0)
        atoms = torch.zeros(len(molecules), most, 4, dtype=torch.int64)
        planar = torch.zeros(len(molecules), most, dtype=torch.bool)
        wanted = torch.zeros(len(molecules), most)
        for row, sides in enumerate(molecules):
            for place, side in enumerate(sides):
                atoms[row, place] = torch.tensor(side.atoms)
                planar[row, place] = side.planar
                wanted[row, place] = 1.0 if side.positive else -1.0
        return cls(atoms, planar, wanted)

    def __len__(self) -> int:
        """Number of molecules ``B``."""
        return len(self.wanted)

    def take(self, index: Tensor) -> Handedness:
        """Return that of molecules ``index``, ``(M,)`` int64."""
        return Handedness(self.atoms[index], self.planar[index], self.wanted[index])

    def to(self, device: torch.device) -> Handedness:
        """Return a copy on another device."""
        return Handedness(self.atoms.to(device), self.planar.to(device), self.wanted.to(device))

    def shown(self, pos: Tensor) -> Tensor:
        """Return the products whose signs are meant, ``(B, K)``, of ``(B, N, 3)`` coordinates.

        Volumes are six times that of the tetrahedron, cubic angstrom; of double bonds it is the scalar
        product of the neighbours' offsets from the bond's line, square angstrom.
        """
        row = torch.arange(len(self), device=pos.device).view(-1, 1, 1)
        return self.products(pos[row, self.atoms])

    def products(self, corners: Tensor) -> Tensor:
        """As :meth:`shown`, of the four atoms' coordinates ``(B, K, 4, 3)``."""
        a, b, c, d = corners.unbind(dim=2)
        volume = torch.linalg.cross(b - a, c - a).mul(d - a).sum(dim=-1)
        line = torch.nn.functional.normalize(c - b, dim=-1)
        first, last = (x - (x * line).sum(dim=-1, keepdim=True) * line for x in (a - b, d - c))
        return torch.where(self.planar, (first * last).sum(dim=-1), volume)


def joined(parts: Sequence[Handedness]) -> Handedness:
    """Join batches, at least one, into one."""
    most = max(part.wanted.shape[1] for part in parts)
    grown = [most - part.wanted.shape[1] for part in parts]
    return Handedness(
        torch.cat([pad(part.atoms, (0, 0, 0, extra)) for part, extra in zip(parts, grown, strict=True)]),
        torch.cat([pad(part.planar, (0, extra)) for part, extra in zip(parts, grown, strict=True)]),
        torch.cat([pad(part.wanted, (0, extra)) for part, extra in zip(parts, grown, strict=True)]),
    )
