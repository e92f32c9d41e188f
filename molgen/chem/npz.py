"""NPZ: padded arrays, the fastest way for programs to hand over many molecules.

Keys: ``z (M, N)`` int atomic numbers (0 for padding), ``x (M, N, 3)`` float coordinates in angstrom,
``n (M,)`` int atom counts. Bonds are not part of it. Nothing is ever unpickled.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from molgen.chem.bonds import padded_arrays
from molgen.chem.molecule import Molecule
from molgen.core.errors import InputError

KEYS = ("z", "x", "n")


def iter_npz(path: Path) -> Iterator[Molecule]:
    """Yield one molecule per row, without bonds.

    Raises:
        InputError: The file is damaged, or its arrays are missing or do not fit together.
    """
    z, x, n = _load(path)
    for numbers, pos, atoms in zip(z, x, n, strict=True):
        yield Molecule(numbers[:atoms], pos[:atoms])


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read all arrays of an NPZ file.

    Raises:
        InputError: The file is missing, damaged, of another type, or holds Python objects.
    """
    try:
        if not zipfile.is_zipfile(path):
            raise InputError(f"{path} is missing, damaged or no NPZ file; give one that numpy.savez wrote")
        with np.load(path, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path} is damaged ({error}); give a file that numpy.savez wrote") from error


def _load(path: Path) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    accepted = "give arrays z (M, N) int, x (M, N, 3) float and n (M,) int"
    arrays = read_arrays(path)
    missing = [key for key in KEYS if key not in arrays]
    if missing:
        raise InputError(f"{path} has arrays {sorted(arrays)} but lacks {missing}; {accepted}")
    z, x, n = (arrays[key] for key in KEYS)
    fits = n.ndim == 1 and z.ndim > 0 and z.shape == (*n.shape, z.shape[-1]) and x.shape == (*z.shape, 3)
    if not fits or z.dtype.kind not in "iu" or n.dtype.kind not in "iu" or x.dtype.kind != "f":
        found = ", ".join(f"{key} {a.shape} {a.dtype}" for key, a in zip(KEYS, (z, x, n), strict=True))
        raise InputError(f"{path} has arrays {found}; {accepted}")
    if len(n) and (n.min() < 0 or n.max() > z.shape[1]):
        raise InputError(f"{path} has rows of {z.shape[1]} atoms, counts {n.min()} to {n.max()}; {accepted}")
    return z, x, n


def write_npz(molecules: Iterable[Molecule], handle: BinaryIO) -> None:
    """Write padded arrays; bonds, charges and data fields are left out."""
    molecules = list(molecules)
    z, x = padded_arrays(molecules)
    n = np.array([m.num_atoms for m in molecules], dtype=np.int64)
    np.savez_compressed(handle, z=z, x=x, n=n)
