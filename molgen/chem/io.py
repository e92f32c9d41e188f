"""Reading and writing molecules: SDF, multi-frame XYZ and NPZ, by the file's suffix.

One record is one :class:`Molecule`, in order. A record that cannot be understood becomes a row with a
failure, so that counts and denominators stay right; a file that holds nothing is an error. One that ends
early is an error for :func:`iter_molecules`, and has a last row that says so for :func:`iter_rows`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from molgen.chem import npz, sdf, xyz
from molgen.chem.damage import DamagedFileError
from molgen.chem.molecule import Molecule
from molgen.core.errors import InputError
from molgen.core.files import atomic_path

_READERS: dict[str, Callable[[Path], Iterator[Molecule]]] = {
    ".sdf": sdf.iter_sdf,
    ".xyz": xyz.iter_xyz,
    ".npz": npz.iter_npz,
}
_WRITERS: dict[str, Callable[[Iterable[Molecule], BinaryIO], None]] = {
    ".sdf": sdf.write_sdf,
    ".xyz": xyz.write_xyz,
    ".npz": npz.write_npz,
}
ACCEPTED_SUFFIXES = tuple(_READERS)


def iter_molecules(path: str | Path) -> Iterator[Molecule]:
    """Read molecules one by one.

    Args:
        path: A ``.sdf``, ``.xyz`` or ``.npz`` file.

    Yields:
        One molecule per record, in file order.

    Raises:
        DamagedFileError: The file ends inside a record; those before it have been yielded.
        InputError: The file is missing, of unknown type or empty.
    """
    path = Path(path)
    reader = _READERS[check_suffix(path)]
    count = 0
    try:
        for molecule in reader(path):
            count += 1
            yield molecule
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot read {path}: {reason}; give a readable {path.suffix} file") from error
    if not count:
        raise InputError(f"{path} holds no molecule; give a file with at least one record")


def iter_rows(path: str | Path, on_damage: Callable[[DamagedFileError], None]) -> Iterator[Molecule]:
    """Read molecules to judge them: where a file ends early, a last row without atoms says so.

    Args:
        path: A ``.sdf``, ``.xyz`` or ``.npz`` file.
        on_damage: Told of a file that ends inside a record, after the rows before it.

    Yields:
        One molecule per record, in file order.

    Raises:
        InputError: The file is missing, of unknown type, empty, or an NPZ file that is damaged.
    """
    try:
        yield from iter_molecules(path)
    except DamagedFileError as damage:
        on_damage(damage)
        yield damage.row


def read_molecules(path: str | Path) -> list[Molecule]:
    """Read all molecules of a file into memory; see :func:`iter_molecules`.

    Raises:
        InputError: The file is missing, of unknown type, empty, or ends inside a record.
    """
    return list(iter_molecules(path))


def write_molecules(molecules: Iterable[Molecule], path: str | Path) -> None:
    """Write molecules, failed ones included, so that the file is complete or absent.

    Args:
        molecules: Molecules in the order they shall have in the file.
        path: Target with suffix ``.sdf``, ``.xyz`` or ``.npz``; replaced if it exists; its folder is
            created.

    Raises:
        InputError: The suffix is unknown, or the folder is read-only or full.
    """
    path = Path(path)
    writer = _WRITERS[check_suffix(path)]
    with atomic_path(path) as partial, partial.open("wb") as handle:
        writer(molecules, handle)


def check_suffix(path: Path) -> str:
    """Return the lower-case suffix of a molecule file.

    Raises:
        InputError: Molecules are not kept in files of that suffix.
    """
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        raise InputError(
            f"{path} has the suffix {suffix!r}; molecules are kept in {', '.join(ACCEPTED_SUFFIXES)}"
        )
    return suffix
