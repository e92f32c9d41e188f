"""Molecules that a model was not trained on, in an order drawn by seed, for requests that have an answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from molgen.chem.molecule import FieldValue, Molecule
from molgen.core.errors import DataError, InputError
from molgen.core.seeds import check_seed
from molgen.data.store import POSITION_SCALE, MoleculeStore, read_manifest, read_store

SPLITS = ("validation", "test")
"""Splits that nothing was trained on."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """A split of a prepared data set.

    Iterating yields each molecule once, its properties in its record, in an order that the seed decides.

    Attributes:
        store: The data set.
        split: Name of the split.
        seed: Seed of the order.
        properties: Names of the store's property columns.
    """

    store: MoleculeStore
    split: str
    seed: int = 0
    properties: tuple[str, ...] = ()
    _made: dict[int, Molecule] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def read(cls, root: Path, split: str, seed: int) -> HeldOut:
        """Read a folder that ``molgen prepare`` made.

        Raises:
            InputError: The split is not one that is held out, or the seed is out of bounds.
            DataError: The folder holds no finished store, or its manifest does not name its properties.
        """
        if split not in SPLITS:
            raise InputError(f"the split {split!r} is not held out; give {' or '.join(SPLITS)}")
        check_seed(seed)
        names = read_manifest(root).get("properties", {})
        store = read_store(root)
        if not isinstance(names, dict) or len(names) != store.properties.shape[1]:
            raise DataError(f"the manifest of {root} does not name its properties; prepare it again")
        return cls(store, split, seed, tuple(names))

    def __len__(self) -> int:
        """Number of molecules of the split."""
        return len(getattr(self.store, self.split))

    def __iter__(self) -> Iterator[Molecule]:
        """Yield the molecules in the drawn order."""
        index = getattr(self.store, self.split)
        for item in np.random.default_rng(self.seed).permutation(index).tolist():
            # Kept, so that trials share what RDKit finds of a molecule.
            if item not in self._made:
                self._made[item] = self._molecule(item)
            yield self._made[item]

    def _molecule(self, item: int) -> Molecule:
        atoms = slice(*self.store.atom_offsets[item : item + 2])
        bonds = slice(*self.store.bond_offsets[item : item + 2])
        known = zip(self.properties, self.store.properties[item].tolist(), strict=True)
        record: dict[str, FieldValue] = {name: value for name, value in known if np.isfinite(value)}
        return Molecule(
            self.store.numbers[atoms].astype(np.int64),
            self.store.positions[atoms].astype(np.float64) * POSITION_SCALE,
            self.store.bonds[bonds].astype(np.int64),
            self.store.charges[atoms].astype(np.int64),
            record={"held_out": int(self.store.identifiers[item]), **record},
        )
