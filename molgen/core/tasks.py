"""Tasks: which entries of a molecule are drawn and which are given.

A task is nothing but a pattern of noise levels. Here a pattern is a map from field name to a mask of free
(noisy) entries; training draws it at random from a mixture, sampling takes it from what a user gives.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from molgen.core.batch import FIELDS, MolBatch
from molgen.core.errors import FieldError, InputError
from molgen.core.geometry import masked_mean
from molgen.core.levels import NoiseLevels

Free = Mapping[str, Tensor]
"""Field name to ``(B, N)`` or ``(B, N, N)`` bool, true where an entry is drawn."""


@dataclass(frozen=True, eq=False)
class Given:
    """What is known of molecules before they are drawn.

    Attributes:
        molecules: Clean molecules; values of free entries matter only where ``start < 1``.
        free: Entries to draw; fields that are not named are drawn whole.
        start: Time at which the free entries start; below 1 they start near ``molecules``.
    """

    molecules: MolBatch
    free: Free = field(default_factory=dict)
    start: float = 1.0

    def __post_init__(self) -> None:
        """Check the start and the masks.

        Raises:
            InputError: ``start`` is not in (0, 1].
            FieldError: A mask is of no field, or not bool of its field's shape.
        """
        for name, mask in self.free.items():
            value = self.molecules[name]
            if mask.dtype != torch.bool or mask.shape != value.shape[:-1]:
                raise FieldError(
                    f"free entries of {name!r} must be bool of shape {tuple(value.shape[:-1])}, got "
                    f"{mask.dtype} of shape {tuple(mask.shape)}"
                )
        if not 0 < self.start <= 1:
            raise InputError(f"molecules are drawn from a time in (0, 1], got start {self.start}")

    @classmethod
    def nothing(cls, template: MolBatch) -> Given:
        """Nothing is known but the sizes."""
        return cls(template)

    def take(self, index: Tensor) -> Given:
        """Return molecules ``index``, ``(M,) int64``, without padding that none of them needs."""
        chosen = self.molecules.take(index)
        atoms = int(chosen.num_atoms.max())
        free = {name: _crop(name, mask[index], atoms) for name, mask in self.free.items()}
        return replace(self, molecules=chosen.crop(atoms), free=free)

    def to(self, device: torch.device) -> Given:
        """Return a copy on another device."""
        free = {name: mask.to(device) for name, mask in self.free.items()}
        return replace(self, molecules=self.molecules.to(device), free=free)

    @property
    def molecules_matter(self) -> bool:
        """Whether anything but the sizes is known."""
        return bool(self.free) or self.start < 1

    def levels(self, time: float, batch: MolBatch) -> NoiseLevels:
        """Levels of ``batch`` when the free entries stand at ``time``."""
        times = torch.full((len(batch),), time, dtype=batch.pos.dtype, device=batch.device)
        return (
            NoiseLevels.partial(times, batch, self.free) if self.free else NoiseLevels.uniform(times, batch)
        )

    def anchored(self) -> Given:
        """The same in the frame of the chain; see :func:`in_frame`."""
        return replace(self, molecules=in_frame(self.molecules, self.levels(1.0, self.molecules)))

    def restored(self, drawn: MolBatch) -> MolBatch:
        """Bring molecules drawn in the frame of :meth:`anchored` back; given positions to the last bit."""
        levels = self.levels(1.0, self.molecules)
        moved = (drawn.pos + frame_origin(self.molecules, levels)) * drawn.mask.unsqueeze(-1)
        free = levels.free("pos", self.molecules).unsqueeze(-1)
        return drawn.replace(pos=torch.where(free, moved, self.molecules.pos))


def _crop(name: str, mask: Tensor, atoms: int) -> Tensor:
    return mask[:, :atoms, :atoms] if FIELDS[name].pairwise else mask[:, :atoms]


def in_frame(x0: MolBatch, levels: NoiseLevels) -> MolBatch:
    """Put the origin at :func:`frame_origin`."""
    return x0.replace(pos=(x0.pos - frame_origin(x0, levels)) * x0.mask.unsqueeze(-1))


def frame_origin(x0: MolBatch, levels: NoiseLevels) -> Tensor:
    """``(B, 1, 3)`` centroid of the atoms with given positions, or of all atoms where none is given."""
    given = x0.mask & ~levels.free("pos", x0)
    anchors = torch.where(given.any(dim=1, keepdim=True), given, x0.mask)
    return masked_mean(x0.pos * anchors.unsqueeze(-1), anchors)


class Task(ABC):
    """A pattern of given and free entries."""

    @abstractmethod
    def free(self, molecules: MolBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return the free entries of every field of ``molecules``; padding may be called free."""


class GivenFields(Task):
    """Whole fields are given: none for de novo generation, the graph for conformers, and so on.

    Args:
        given: Names of the fields that are clean.

    Raises:
        InputError: A name is not a field.
    """

    def __init__(self, given: list[str] | None = None) -> None:
        self.given = frozenset(given or [])
        if self.given - FIELDS.keys():
            raise InputError(f"given fields {sorted(self.given)} must be among {list(FIELDS)}")

    def free(self, molecules: MolBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """See base."""
        return {
            name: torch.full(value.shape[:-1], name not in self.given, device=value.device)
            for name, value in molecules.items()
        }


class GivenFragment(Task):
    """A random connected part of each molecule is given, with its place, elements, charges and bonds.

    The part is a ball of heavy atoms in the bond graph around a random one, its last shell cut at random.
    Hydrogens on it are given with a probability drawn per molecule, so that both closed fragments and ones
    with open valences occur. Bonds between given atoms are given; a given atom may gain others.

    Args:
        smallest: Least share of heavy atoms that is given.
        largest: Largest share.

    Raises:
        InputError: ``0 < smallest <= largest < 1`` does not hold.
    """

    def __init__(self, smallest: float = 0.2, largest: float = 0.8) -> None:
        if not 0 < smallest <= largest < 1:
            raise InputError(f"fragment shares need 0 < smallest <= largest < 1, got {smallest}, {largest}")
        self.smallest = smallest
        self.largest = largest

    def free(self, molecules: MolBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """See base.

        Raises:
            FieldError: The molecules carry no bonds.
        """
        return free_around(molecules, self._given(molecules, generator))

    def _given(self, molecules: MolBatch, generator: torch.Generator) -> Tensor:
        """``(B, N)`` bool atoms of the fragment."""
        bonded = molecules["bond"][..., 1:].sum(dim=-1) > 0
        # A hydrogen has one bond; so has a terminal fluorine or carbonyl oxygen, and is treated alike.
        heavy = molecules.mask & ((bonded.sum(dim=2) > 1) | (molecules.num_atoms <= 2).unsqueeze(1))
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


def free_around(molecules: MolBatch, given: Tensor) -> dict[str, Tensor]:
    """Free entries where the given atoms, ``(B, N)`` bool, and the bonds between them stay."""
    both = given.unsqueeze(1) & given.unsqueeze(2)
    return {name: ~both if FIELDS[name].pairwise else ~given for name, _ in molecules.items()}


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
