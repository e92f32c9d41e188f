"""Tasks that give a part of each molecule: what scaffolds, linkers and R-groups are at sampling."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from molgen.core.batch import FIELDS, MolBatch
from molgen.core.errors import InputError
from molgen.core.tasks import Task

_LEAK = 1e-4
"""Conductance of every atom to the ground, which makes the Laplacian invertible."""
_BRIDGE = 0.97
"""Resistance between the ends of a bond above which it is in no ring; 1 - 1/k in a ring of k bonds."""


class GivenPart(Task):
    """Some atoms of each molecule are given, with their places, elements, charges and the bonds between them.

    Args:
        told: Share of molecules of which is also told which given atoms gain no bonds.

    Raises:
        InputError: ``told`` is not in [0, 1].
    """

    def __init__(self, told: float) -> None:
        if not 0 <= told <= 1:
            raise InputError(f"a share of molecules is in [0, 1], got {told}")
        self.told = told

    def free(self, molecules: MolBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """See base.

        Raises:
            FieldError: The molecules carry no bonds.
        """
        given = self.atoms(molecules, generator)
        return free_around(molecules, given, _closed(molecules, given, self.told, generator))

    @abstractmethod
    def atoms(self, molecules: MolBatch, generator: torch.Generator) -> Tensor:
        """Draw the given atoms, ``(B, N)`` bool."""


class GivenFragment(GivenPart):
    """A random connected part of each molecule is given, with its place, elements, charges and bonds.

    The part is a ball of heavy atoms in the bond graph around a random one, its last shell cut at random.
    Hydrogens on it are given with a probability drawn per molecule, so that both closed fragments and ones
    with open valences occur. Bonds between given atoms are given; a given atom may gain others.

    Args:
        smallest: Least share of heavy atoms that is given.
        largest: Largest share.
        told: Share of molecules of which is also told which given atoms gain no bonds.

    Raises:
        InputError: ``0 < smallest <= largest < 1`` does not hold, or ``told`` is not in [0, 1].
    """

    def __init__(self, smallest: float = 0.2, largest: float = 0.8, told: float = 0.0) -> None:
        if not 0 < smallest <= largest < 1:
            raise InputError(f"fragment shares need 0 < smallest <= largest < 1, got {smallest}, {largest}")
        super().__init__(told)
        self.smallest = smallest
        self.largest = largest

    def atoms(self, molecules: MolBatch, generator: torch.Generator) -> Tensor:
        """See base."""
        bonded = _bonded(molecules)
        heavy = _inner(molecules, bonded)
        order = _rings_around_root(heavy, bonded, generator)
        count = heavy.sum(dim=1, keepdim=True)
        share = torch.rand(len(molecules), 1, generator=generator, device=heavy.device)
        wanted = (count * (self.smallest + (self.largest - self.smallest) * share)).round().clamp(min=1)
        core = heavy & (order.argsort(dim=1).argsort(dim=1) < wanted)
        attached = (bonded & core.unsqueeze(1)).any(dim=2) & ~heavy & molecules.mask
        bias = torch.rand(len(molecules), 1, generator=generator, device=heavy.device)
        coin = torch.rand(heavy.shape, generator=generator, device=heavy.device)
        given = core | (attached & (coin < bias))
        # Something must be left to draw.
        return given & (given.sum(dim=1) < molecules.num_atoms).unsqueeze(1)


class GivenPieces(GivenPart):
    """Molecules are cut at single bonds outside rings, and some of the pieces are given whole.

    One piece of two is a core to grow on, two outer ones of three a linker to be found, the middle one a
    scaffold with two open places: the fragments that chemists make (as the acyclic cuts of Lewell et al.,
    "RECAP", J. Chem. Inf. Comput. Sci. 1998), without its rules about functional groups. A molecule that
    has no such bond is left wholly free.

    Args:
        cuts: Largest number of cuts; each number up to it is drawn equally often.
        told: Share of molecules of which is also told which given atoms gain no bonds.

    Raises:
        InputError: ``cuts`` is below 1, or ``told`` is not in [0, 1].
    """

    def __init__(self, cuts: int = 3, told: float = 0.5) -> None:
        if cuts < 1:
            raise InputError(f"molecules are cut at least once, got cuts {cuts}")
        super().__init__(told)
        self.cuts = cuts

    def atoms(self, molecules: MolBatch, generator: torch.Generator) -> Tensor:
        """See base."""
        cut = self._cuts(molecules, generator)
        piece = _components(_bonded(molecules) & ~(cut | cut.mT))
        coin = torch.rand(piece.shape, generator=generator, device=piece.device) < 0.5
        given = coin.gather(1, piece) & molecules.mask
        # All alike would be no task: then the piece at one end of a cut is given.
        chance = torch.rand(cut.shape, generator=generator, device=piece.device).masked_fill(~cut, -1)
        first = chance.flatten(1).argmax(dim=1, keepdim=True)
        side = torch.rand(len(molecules), 1, generator=generator, device=piece.device) < 0.5
        end = torch.where(side, first // cut.shape[1], first % cut.shape[1])
        one = (piece == piece.gather(1, end)) & molecules.mask & cut.flatten(1).any(dim=1, keepdim=True)
        count = given.sum(dim=1, keepdim=True)
        mixed = (count > 0) & (count < molecules.num_atoms.unsqueeze(1))
        return torch.where(mixed, given, one)

    def _cuts(self, molecules: MolBatch, generator: torch.Generator) -> Tensor:
        """``(B, N, N)`` bool bonds that are cut, each in one direction."""
        bonded = _bonded(molecules)
        inner = _inner(molecules, bonded)
        single = molecules["bond"][..., 1] > 0
        candidates = (bridges(bonded) & single & inner.unsqueeze(1) & inner.unsqueeze(2)).triu()
        size, device = len(molecules), inner.device
        score = torch.rand(candidates.shape, generator=generator, device=device).masked_fill(~candidates, -1)
        wanted = torch.randint(1, self.cuts + 1, (size, 1), generator=generator, device=device)
        rank = score.flatten(1).argsort(dim=1, descending=True).argsort(dim=1)
        return candidates & (rank < wanted).view_as(candidates)


def bridges(bonded: Tensor) -> Tensor:
    """Find bonds that are in no ring: those across which the effective resistance is 1.

    The resistance of a bond is the share of spanning trees that hold it (Kirchhoff), which is 1 for a bond
    that all of them need.

    Args:
        bonded: ``(B, N, N)`` bool, symmetric.

    Returns:
        ``(B, N, N)`` bool, symmetric.
    """
    adjacency = bonded.double()
    laplacian = torch.diag_embed(adjacency.sum(dim=-1) + _LEAK) - adjacency
    inverse = torch.linalg.inv(laplacian)
    own = inverse.diagonal(dim1=1, dim2=2)
    resistance = own.unsqueeze(1) + own.unsqueeze(2) - 2 * inverse
    return bonded & (resistance > _BRIDGE)


def _components(bonded: Tensor) -> Tensor:
    """``(B, N)`` int64 smallest index of an atom that each atom is connected with."""
    atoms = bonded.shape[1]
    reach = bonded | torch.eye(atoms, dtype=torch.bool, device=bonded.device)
    for _ in range(max(atoms - 1, 1).bit_length()):
        reach = (reach.float() @ reach.float()) > 0
    return reach.float().argmax(dim=2)


def free_around(molecules: MolBatch, given: Tensor, closed: Tensor | None = None) -> dict[str, Tensor]:
    """Free entries where some atoms stay, with the bonds between them.

    Args:
        molecules: Gives the fields.
        given: ``(B, N)`` bool atoms that stay.
        closed: ``(B, N)`` bool given atoms that gain no bonds: their pairs with all others are given too.
    """
    known = given.unsqueeze(1) & given.unsqueeze(2)
    if closed is not None:
        known = known | (closed & given).unsqueeze(1) | (closed & given).unsqueeze(2)
    return {name: ~known if FIELDS[name].pairwise else ~given for name, _ in molecules.items()}


def _closed(molecules: MolBatch, given: Tensor, told: float, generator: torch.Generator) -> Tensor | None:
    """``(B, N)`` bool given atoms without bonds to free ones, in a share ``told`` of the molecules."""
    if not told:
        return None
    grown = (_bonded(molecules) & ~given.unsqueeze(1)).any(dim=2)
    coin = torch.rand(len(molecules), 1, generator=generator, device=given.device)
    return given & ~grown & (coin < told)


def _bonded(molecules: MolBatch) -> Tensor:
    return molecules["bond"][..., 1:].sum(dim=-1) > 0


def _inner(molecules: MolBatch, bonded: Tensor) -> Tensor:
    """``(B, N)`` bool atoms with more than one neighbour; all atoms of the smallest molecules.

    A hydrogen has one bond; so has a terminal fluorine or carbonyl oxygen, and is treated alike.
    """
    return molecules.mask & ((bonded.sum(dim=2) > 1) | (molecules.num_atoms <= 2).unsqueeze(1))


def _rings_around_root(nodes: Tensor, bonded: Tensor, generator: torch.Generator) -> Tensor:
    """``(B, N)`` graph distance from a random node plus a random number in [0, 1); infinite elsewhere."""
    device = nodes.device
    draw = torch.rand(nodes.shape, generator=generator, device=device).masked_fill(~nodes, -1)
    reached = torch.nn.functional.one_hot(draw.argmax(dim=1), nodes.shape[1]).bool() & nodes
    links = bonded & nodes.unsqueeze(1) & nodes.unsqueeze(2)
    order = torch.full(nodes.shape, torch.inf, device=device)
    jitter = torch.rand(nodes.shape, generator=generator, device=device)
    for hop in range(nodes.shape[1]):
        new = reached & order.isinf()
        if not new.any():
            break
        order = torch.where(new, hop + jitter, order)
        reached = reached | (links & reached.unsqueeze(1)).any(dim=2)
    return order
