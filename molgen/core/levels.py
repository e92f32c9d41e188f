"""NoiseLevels: how noisy every entry of a batch is.

A level is a time in [0, 1] per atom (or pair) and per field, not one number per molecule; 0 is data
and 1 is the prior. A task (de novo, scaffold, conformer ...) is nothing but a pattern of levels. A
network that can only take one time per molecule asks for :meth:`NoiseLevels.per_molecule`, which
refuses patterns that such a network cannot see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from molgen.core.batch import MolBatch
from molgen.core.errors import FieldError, LevelSupportError


@dataclass(frozen=True, eq=False)
class NoiseLevels:
    """Times in [0, 1] per entry and field.

    Where the levels of a molecule differ, level 0 marks an entry as given: it is clean, it stays as it is
    to the last bit, and no loss is taken of it. Given positions anchor the frame of their molecule.

    Attributes:
        times: Field name to ``(B, N)`` (per-atom field) or ``(B, N, N)`` (per-pair field) times.
        molecule_time: ``(B,)`` when every entry of a molecule shares one time, else ``None``.
        even: Whether all entries of a field share one time in each molecule.
    """

    times: Mapping[str, Tensor]
    molecule_time: Tensor | None = None
    even: bool = False

    @classmethod
    def uniform(cls, time: Tensor, batch: MolBatch) -> NoiseLevels:
        """One time per molecule for every entry of every field.

        Args:
            time: ``(B,)`` times in [0, 1].
            batch: Gives the fields and the shapes.
        """
        times = {
            name: time.view(len(batch), *[1] * (value.ndim - 2)).expand(value.shape[:-1])
            for name, value in batch.items()
        }
        return cls(times=times, molecule_time=time, even=True)

    @classmethod
    def partial(cls, time: Tensor, batch: MolBatch, free: Mapping[str, Tensor]) -> NoiseLevels:
        """One time per molecule for the free entries, 0 for the given ones.

        Args:
            time: ``(B,)`` times in [0, 1].
            batch: Gives the fields and the shapes.
            free: Field name to ``(B, N)`` or ``(B, N, N)`` bool, true where an entry is noisy; a field
                that is not named is free.
        """
        times = dict(cls.uniform(time, batch).times)
        for name in times.keys() & free.keys():
            times[name] = torch.where(free[name], times[name], 0.0)
        return cls(times=times)

    def led(self, lead: float | Tensor) -> NoiseLevels:
        """Set everything but positions to ``t ** lead``: above 1, categories are ahead on the way to data.

        Args:
            lead: At least 1, where nothing changes; one for all molecules, or ``(B,)``.
        """
        if not isinstance(lead, Tensor):
            if lead == 1:
                return self
            lead = self.times["pos"].new_full((len(self.times["pos"]),), lead)
        times = {
            name: time if name == "pos" else time ** lead.view(-1, *[1] * (time.ndim - 1))
            for name, time in self.times.items()
        }
        return NoiseLevels(times, even=self.even)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> NoiseLevels:
        """Return a copy on another device."""
        return self._map(lambda value: value.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> NoiseLevels:
        """Return a copy in page-locked memory."""
        return self._map(lambda value: value.pin_memory())

    def _map(self, function: Callable[[Tensor], Tensor]) -> NoiseLevels:
        times = {name: function(value.contiguous()) for name, value in self.times.items()}
        molecule_time = None if self.molecule_time is None else function(self.molecule_time)
        return NoiseLevels(times, molecule_time, self.even)

    def free(self, field: str, batch: MolBatch) -> Tensor:
        """Which real entries are noisy, ``(B, N)`` or ``(B, N, N)`` bool; all if levels are uniform."""
        mask = batch.entry_mask(field)
        return mask if self.molecule_time is not None else mask & (self[field] > 0)

    def anchored(self, batch: MolBatch) -> Tensor:
        """Whether given atoms anchor the frame of a molecule, ``(B, 1, 1)`` bool."""
        return (batch.mask & ~self.free("pos", batch)).any(dim=1).view(-1, 1, 1)

    def __getitem__(self, field: str) -> Tensor:
        """Return one field's times, ``(B, N)`` or ``(B, N, N)``.

        Raises:
            FieldError: No level is given for that field.
        """
        if field not in self.times:
            raise FieldError(f"no noise level for field {field!r}; levels exist for {sorted(self.times)}")
        return self.times[field]

    def per_molecule(self) -> Tensor:
        """Return the one time of each molecule, ``(B,)``.

        Raises:
            LevelSupportError: The levels differ between entries of a molecule.
        """
        if self.molecule_time is None:
            raise LevelSupportError(
                "this network takes one noise level per molecule, but the task gives different levels to "
                "atoms or fields; use a denoiser that declares LevelSupport.PER_ENTRY"
            )
        return self.molecule_time
