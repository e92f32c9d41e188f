"""MolBatch, the one data type of molgen, and the registry of its fields.

Clean molecules ``x0``, noisy ones ``x_t`` and predictions ``x0_hat`` are all a :class:`MolBatch`:
dense, padded to the largest molecule of the batch, frozen. What a field *is* (per atom or per pair,
vector or scalar, its unit) is written once in :data:`FIELDS`; masking, permuting, rotating, casting
and joining batches read that registry, so a new field is one line there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import torch
from torch import Tensor

from molgen.core.errors import FieldError


@dataclass(frozen=True)
class FieldSpec:
    """What one field of a batch is.

    Attributes:
        pairwise: ``False`` for ``(B, N, D)`` per-atom fields, ``True`` for ``(B, N, N, D)``.
        vector: Whether the last axis is a Cartesian vector, which rotates with the molecule.
        categorical: Whether clean values are one-hot and predictions are scores to take argmax of.
        unit: Physical unit of the clean values.
        meaning: One line for humans.
    """

    pairwise: bool
    vector: bool
    categorical: bool
    unit: str
    meaning: str


FIELDS: dict[str, FieldSpec] = {
    "pos": FieldSpec(False, True, False, "angstrom", "coordinates, zero centre of mass over real atoms"),
    "atom": FieldSpec(False, False, True, "1", "element, one-hot over the vocabulary (width A)"),
    "charge": FieldSpec(False, False, True, "1", "formal charge, one-hot over the vocabulary (width Q)"),
    "number": FieldSpec(False, False, False, "e", "nuclear charge as an ordinal value (width 1; EDM only)"),
    "bond": FieldSpec(True, False, True, "1", "kekulised bond order, one-hot over 0..3, symmetric (width K)"),
}


@dataclass(frozen=True, eq=False)
class MolBatch:
    """A frozen, padded batch of ``B`` molecules with at most ``N`` atoms each.

    Attributes:
        mask: ``(B, N)`` bool, true for real atoms. Padded entries of every field are exactly zero.
        pos: ``(B, N, 3)`` float, angstrom.
        atom: ``(B, N, A)`` float, one-hot elements or scores, or ``None``.
        charge: ``(B, N, Q)`` float, one-hot formal charges or scores, or ``None``.
        number: ``(B, N, 1)`` float, nuclear charge, or ``None``.
        bond: ``(B, N, N, K)`` float, symmetric one-hot bond orders or scores, or ``None``.
        labels: Name to ``(B,)`` float numbers that molecules are known by, such as properties, NaN where not
            known. They are no field: nothing diffuses them.

    Raises:
        FieldError: A field's shape does not match the mask, or a label is not one number a molecule.
    """

    mask: Tensor
    pos: Tensor
    atom: Tensor | None = None
    charge: Tensor | None = None
    number: Tensor | None = None
    bond: Tensor | None = None
    labels: Mapping[str, Tensor] = field(default_factory=dict)

    @classmethod
    def from_fields(cls, mask: Tensor, fields: Mapping[str, Tensor]) -> MolBatch:
        """Make a batch of the fields by name, ``pos`` among them."""
        return cls(mask, fields["pos"], **{n: v for n, v in fields.items() if n != "pos"})  # type: ignore[arg-type]

    def __post_init__(self) -> None:
        """Check every field against the mask's ``(B, N)``."""
        if self.mask.ndim != 2 or self.mask.dtype != torch.bool:
            raise FieldError(f"mask must be (B, N) bool, got {tuple(self.mask.shape)} {self.mask.dtype}")
        size, atoms = self.mask.shape
        for name, value in self.items():
            lead = (size, atoms, atoms) if FIELDS[name].pairwise else (size, atoms)
            if value.ndim != len(lead) + 1 or value.shape[:-1] != lead:
                raise FieldError(f"field {name!r} has shape {tuple(value.shape)}, expected {(*lead, 'D')}")
        for name, label in self.labels.items():
            if label.shape != (size,):
                raise FieldError(f"label {name!r} has shape {tuple(label.shape)}, expected {(size,)}")

    def items(self) -> Iterator[tuple[str, Tensor]]:
        """Yield ``(name, tensor)`` for the fields that are present, in registry order."""
        for name in FIELDS:
            value = getattr(self, name)
            if value is not None:
                yield name, value

    def __getitem__(self, name: str) -> Tensor:
        """Return one field's tensor.

        Raises:
            FieldError: The batch does not carry that field.
        """
        value = getattr(self, name, None) if name in FIELDS else None
        if value is None:
            present = [n for n, _ in self.items()]
            raise FieldError(f"the batch has no field {name!r}; it carries {present}")
        return value

    def __len__(self) -> int:
        """Number of molecules ``B``."""
        return self.mask.shape[0]

    @property
    def num_atoms(self) -> Tensor:
        """``(B,)`` int64 number of real atoms of each molecule."""
        return self.mask.sum(dim=1)

    @property
    def device(self) -> torch.device:
        """Device that holds the tensors."""
        return self.mask.device

    def entry_mask(self, name: str) -> Tensor:
        """Return which entries of a field are real: ``(B, N)`` per atom or ``(B, N, N)`` per pair."""
        return pair_mask(self.mask) if FIELDS[name].pairwise else self.mask

    def replace(self, **changes: Tensor | None) -> MolBatch:
        """Return a copy with some fields replaced (the original is frozen)."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def labelled(self, labels: Mapping[str, Tensor]) -> MolBatch:
        """Return a copy with other labels."""
        return replace(self, labels=dict(labels))

    def _relabelled(self, function: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
        return {name: function(label) for name, label in self.labels.items()}

    def map(self, function: Callable[[str, Tensor], Tensor]) -> MolBatch:
        """Apply ``function(name, tensor)`` to every present field and keep the mask."""
        return self.replace(**{name: function(name, value) for name, value in self.items()})

    def select(self, names: Sequence[str]) -> MolBatch:
        """Keep only the named fields (``pos`` always stays).

        Raises:
            FieldError: A named field is absent.
        """
        kept = {name: self[name] for name in names}
        return MolBatch(mask=self.mask, labels=self.labels, **{"pos": self.pos, **kept})

    def masked(self) -> MolBatch:
        """Set padded entries of every field to exactly zero."""
        return self.map(lambda name, value: value * self.entry_mask(name).unsqueeze(-1))

    def to(self, target: torch.device | str | torch.dtype, non_blocking: bool = False) -> MolBatch:
        """Return a copy on another device, or with another float type (the mask stays bool)."""
        if isinstance(target, torch.dtype):
            cast = self.map(lambda _, value: value.to(target))
            return cast.labelled(self._relabelled(lambda label: label.to(target)))
        moved = self.map(lambda _, value: value.to(target, non_blocking=non_blocking))
        labels = self._relabelled(lambda label: label.to(target, non_blocking=non_blocking))
        return moved.replace(mask=self.mask.to(target, non_blocking=non_blocking)).labelled(labels)

    def pin_memory(self) -> MolBatch:
        """Return a copy in page-locked memory, for asynchronous copies to a GPU."""
        pinned = self.map(lambda _, value: value.pin_memory()).replace(mask=self.mask.pin_memory())
        return pinned.labelled(self._relabelled(lambda label: label.pin_memory()))

    def permute(self, order: Tensor) -> MolBatch:
        """Reorder atoms: entry ``i`` of the result is entry ``order[b, i]`` of molecule ``b``.

        Args:
            order: ``(B, N)`` int64, a permutation in each row.
        """

        def reorder(name: str, value: Tensor) -> Tensor:
            value = torch.take_along_dim(value, order.view(*order.shape, *[1] * (value.ndim - 2)), dim=1)
            if FIELDS[name].pairwise:
                value = torch.take_along_dim(value, order[:, None, :, None], dim=2)
            return value

        return self.map(reorder).replace(mask=torch.take_along_dim(self.mask, order, dim=1))

    def rotate(self, matrix: Tensor) -> MolBatch:
        """Apply an orthogonal ``(3, 3)`` or ``(B, 3, 3)`` matrix to every vector field."""
        return self.map(lambda name, v: v @ matrix.transpose(-1, -2) if FIELDS[name].vector else v)

    def pad_to(self, atoms: int) -> MolBatch:
        """Pad with zeros to ``atoms`` atoms per molecule.

        Raises:
            FieldError: ``atoms`` is less than the present padded size.
        """
        extra = atoms - self.mask.shape[1]
        if extra < 0:
            raise FieldError(f"cannot pad a batch of {self.mask.shape[1]} atoms down to {atoms}")

        def pad(name: str, value: Tensor) -> Tensor:
            widths = (0, 0, 0, extra, 0, extra) if FIELDS[name].pairwise else (0, 0, 0, extra)
            return torch.nn.functional.pad(value, widths)

        padded = {name: pad(name, value) for name, value in self.items()}
        return MolBatch(mask=torch.nn.functional.pad(self.mask, (0, extra)), labels=self.labels, **padded)

    def __iter__(self) -> Iterator[MolBatch]:
        """Yield each molecule as a batch of one, without padding."""
        for row, atoms in enumerate(self.num_atoms.tolist()):
            yield self.rows(row, row + 1).crop(atoms)

    def rows(self, start: int, stop: int) -> MolBatch:
        """Return molecules ``start`` to ``stop`` (exclusive), padding kept."""
        labels = self._relabelled(lambda label: label[start:stop])
        return MolBatch(
            mask=self.mask[start:stop], labels=labels, **{n: v[start:stop] for n, v in self.items()}
        )

    def take(self, index: Tensor) -> MolBatch:
        """Return molecules ``index``, ``(M,) int64``, padding kept."""
        labels = self._relabelled(lambda label: label[index])
        return MolBatch(mask=self.mask[index], labels=labels, **{n: v[index] for n, v in self.items()})

    def crop(self, atoms: int) -> MolBatch:
        """Keep the first ``atoms`` entries of the atom axis (they must hold every real atom).

        Raises:
            FieldError: A real atom would be cut off.
        """
        if self.mask[:, atoms:].any():
            raise FieldError(f"cropping to {atoms} atoms would drop real atoms")
        cut = {n: v[:, :atoms, :atoms] if FIELDS[n].pairwise else v[:, :atoms] for n, v in self.items()}
        return MolBatch(mask=self.mask[:, :atoms], labels=self.labels, **cut)


FIELD_NAMES = tuple(FIELDS)
assert set(FIELD_NAMES) == {f.name for f in fields(MolBatch)} - {"mask", "labels"}


def pair_mask(mask: Tensor) -> Tensor:
    """Return ``(B, N, N)`` bool, true for pairs of two different real atoms of one molecule."""
    both = mask.unsqueeze(1) & mask.unsqueeze(2)
    return both & ~torch.eye(mask.shape[1], dtype=torch.bool, device=mask.device)


def concatenate(batches: Sequence[MolBatch]) -> MolBatch:
    """Join batches along the molecule axis, padding each to the largest.

    Raises:
        FieldError: The list is empty or the batches carry different fields or labels.
    """
    if not batches:
        raise FieldError("cannot concatenate an empty list of batches")
    names = [name for name, _ in batches[0].items()]
    if any([name for name, _ in b.items()] != names for b in batches):
        raise FieldError(f"batches carry different fields; the first has {names}")
    labels = sorted(batches[0].labels)
    if any(sorted(b.labels) != labels for b in batches):
        raise FieldError(f"batches carry different labels; the first has {labels}")
    atoms = max(b.mask.shape[1] for b in batches)
    padded = [b.pad_to(atoms) for b in batches]
    joined = {name: torch.cat([b[name] for b in padded]) for name in names}
    labelled = {name: torch.cat([b.labels[name] for b in padded]) for name in labels}
    return MolBatch(mask=torch.cat([b.mask for b in padded]), labels=labelled, **joined)
