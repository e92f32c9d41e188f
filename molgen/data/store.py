"""The compact store: one compressed NPZ with every molecule of a data set, and a manifest.

Atoms of all molecules stand in flat arrays, cut by offsets; coordinates are integers of 1e-4 angstrom.
The manifest is written last and carries the store's checksum, so a folder without a matching manifest
is unfinished by definition.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molgen.core.errors import DataError
from molgen.core.files import atomic_path

STORE_FILE = "store.npz"
MANIFEST_FILE = "manifest.json"
FORMAT_VERSION = 1
POSITION_SCALE = 1e-4
"""Length of one integer unit of ``positions``, in angstrom."""


@dataclass(frozen=True)
class MoleculeStore:
    """Arrays of ``M`` molecules with ``T`` atoms and ``E`` bonds in all.

    Attributes:
        atom_offsets: ``(M + 1,)`` int64; molecule ``m`` owns atoms ``atom_offsets[m]`` to ``[m + 1]``.
        numbers: ``(T,)`` uint8 atomic numbers.
        positions: ``(T, 3)`` int32 in units of 1e-4 angstrom.
        charges: ``(T,)`` int8 formal charges.
        bond_offsets: ``(M + 1,)`` int64 into ``bonds``.
        bonds: ``(E, 3)`` uint8: first atom, second atom (within the molecule), kekulised order.
        properties: ``(M, P)`` float64, columns as named in the manifest.
        identifiers: ``(M,)`` int64 numbers of the molecules in their source.
        smiles: ``(M,)`` bytes strings as given by the source.
        train: Indices of the training split, int64.
        validation: Indices of the validation split, int64.
        test: Indices of the test split, int64.
    """

    atom_offsets: NDArray[np.int64]
    numbers: NDArray[np.uint8]
    positions: NDArray[np.int32]
    charges: NDArray[np.int8]
    bond_offsets: NDArray[np.int64]
    bonds: NDArray[np.uint8]
    properties: NDArray[np.float64]
    identifiers: NDArray[np.int64]
    smiles: NDArray[np.bytes_]
    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]

    def __len__(self) -> int:
        """Number of molecules ``M``."""
        return len(self.identifiers)

    @property
    def num_atoms(self) -> NDArray[np.int64]:
        """``(M,)`` number of atoms of each molecule."""
        return np.diff(self.atom_offsets)

    def subset(self, index: NDArray[np.int64], splits: Mapping[str, NDArray[np.int64]]) -> MoleculeStore:
        """Copy some molecules into a new store.

        Args:
            index: ``(m,)`` molecules to keep, in order.
            splits: ``train``, ``validation`` and ``test`` as indices into the new store.
        """
        atoms = np.concatenate([np.arange(self.atom_offsets[i], self.atom_offsets[i + 1]) for i in index])
        bonds = np.concatenate([np.arange(self.bond_offsets[i], self.bond_offsets[i + 1]) for i in index])
        return MoleculeStore(
            atom_offsets=np.concatenate([[0], np.cumsum(self.num_atoms[index])]),
            numbers=self.numbers[atoms],
            positions=self.positions[atoms],
            charges=self.charges[atoms],
            bond_offsets=np.concatenate([[0], np.cumsum(np.diff(self.bond_offsets)[index])]),
            bonds=self.bonds[bonds],
            properties=self.properties[index],
            identifiers=self.identifiers[index],
            smiles=self.smiles[index],
            **splits,
        )


def write_store(store: MoleculeStore, root: Path, manifest: Mapping[str, object]) -> None:
    """Write a store and, last of all, its manifest; each file appears whole or not at all.

    Partial files that a killed run left behind are removed.

    Args:
        store: What to write.
        root: Folder, created if need be.
        manifest: Facts about the data set; counts and checksum are added.

    Raises:
        InputError: The folder cannot be written.
    """
    with atomic_path(root / STORE_FILE) as partial:
        for leftover in [root / MANIFEST_FILE, *root.glob(".*.part")]:
            leftover.unlink(missing_ok=True)
        with partial.open("wb") as stream:
            np.savez_compressed(stream, **{f.name: getattr(store, f.name) for f in fields(store)})
        checksum = sha256(partial)
    facts = {
        **manifest,
        "format_version": FORMAT_VERSION,
        "molecules": len(store),
        "atoms": len(store.numbers),
        "bonds": len(store.bonds),
        "split_sizes": {s: len(getattr(store, s)) for s in ("train", "validation", "test")},
        "sha256": checksum,
    }
    with atomic_path(root / MANIFEST_FILE) as partial:
        partial.write_text(json.dumps(facts, indent=2) + "\n")


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_manifest(root: Path) -> dict[str, object]:
    """Read a prepared folder's manifest.

    Raises:
        DataError: There is none, or it is damaged or of another format version.
    """
    path = root / MANIFEST_FILE
    if not path.is_file():
        raise DataError(f"no prepared data set in {root}; make one with: molgen prepare qm9 -o {root}")
    try:
        manifest: dict[str, object] = json.loads(path.read_text())
    except ValueError as error:
        raise DataError(f"{path} is damaged ({error}); delete it and run molgen prepare again") from error
    if manifest.get("format_version") != FORMAT_VERSION:
        raise DataError(
            f"{path} has format version {manifest.get('format_version')}, this molgen reads "
            f"{FORMAT_VERSION}; run molgen prepare again"
        )
    return manifest


def is_complete(root: Path) -> bool:
    """Whether a folder holds a manifest and the very store it describes."""
    store = root / STORE_FILE
    try:
        manifest = read_manifest(root)
    except DataError:
        return False
    return store.is_file() and manifest.get("sha256") == sha256(store)


def read_store(root: Path) -> MoleculeStore:
    """Read a prepared store (about a second for QM9).

    Raises:
        DataError: The folder holds no finished store, or the file is damaged.
    """
    read_manifest(root)
    try:
        # Opened here, because np.load leaves its own file open when the archive is damaged.
        with (root / STORE_FILE).open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            return MoleculeStore(**{f.name: arrays[f.name] for f in fields(MoleculeStore)})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"{root / STORE_FILE} is damaged ({error}); delete it and run molgen prepare again"
        ) from error
