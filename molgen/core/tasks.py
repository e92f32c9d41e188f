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
from molgen.core.handedness import Handedness
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
        hands: Which stereoisomers are to be drawn, where positions are free; ``None`` for any.
    """

    molecules: MolBatch
    free: Free = field(default_factory=dict)
    start: float = 1.0
    hands: Handedness | None = None

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
        hands = None if self.hands is None else self.hands.take(index, atoms)
        return replace(self, molecules=chosen.crop(atoms), free=free, hands=hands)

    def to(self, device: torch.device) -> Given:
        """Return a copy on another device."""
        free = {name: mask.to(device) for name, mask in self.free.items()}
        hands = None if self.hands is None else self.hands.to(device)
        return replace(self, molecules=self.molecules.to(device), free=free, hands=hands)

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
