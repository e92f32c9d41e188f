"""XYZ, many frames to a file: the format quantum chemistry programs share.

A frame is a count, a comment and one line per atom: element symbol or atomic number, then x, y, z in
angstrom; further columns are ignored. A damaged atom line spoils its frame only; a damaged count line ends
the reading, since no later frame could be found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TextIO

import numpy as np

from molgen.chem.molecule import FieldValue, Molecule
from molgen.chem.tables import ATOMIC_NUMBER, MAX_ATOMIC_NUMBER
from molgen.core.errors import InputError

COLUMNS = 4


def iter_xyz(path: Path) -> Iterator[Molecule]:
    """Yield one molecule per frame, without bonds; the comment line becomes the data field ``comment``.

    Raises:
        InputError: A count line is no number, or the file ends inside a frame.
    """
    with path.open(encoding="utf-8", errors="replace") as handle:
        frame, line = 0, 0
        while header := handle.readline():
            line += 1
            if not header.strip():
                continue
            frame += 1
            yield _read_frame(handle, header, path, frame, line)
            line += 1 + int(header)


def _read_frame(handle: TextIO, header: str, path: Path, frame: int, line: int) -> Molecule:
    where = f"{path}, frame {frame} (line {line})"
    if not header.strip().isdecimal():
        raise InputError(f"{where}: {header.strip()!r} is not an atom count; an XYZ frame begins with one")
    atoms = int(header)
    comment = handle.readline()
    rows = list(islice(handle, atoms))
    cut = bool(rows) and not rows[-1].endswith("\n") and len(rows[-1].split()) < COLUMNS
    if len(rows) < atoms or not comment or cut:
        raise InputError(
            f"{where}: the file ends in line {line + 1 + len(rows)}, short of {atoms} whole atom lines; "
            f"{frame - 1} complete frames stand before it. Make the file again, or cut it after those"
        )
    return _parse_frame(rows, comment.strip(), first_line=line + 2)


def _parse_frame(rows: list[str], comment: str, first_line: int) -> Molecule:
    numbers = np.zeros(len(rows), dtype=np.int64)
    pos = np.full((len(rows), 3), np.nan)
    defect = None
    for index, row in enumerate(rows):
        try:
            numbers[index], pos[index] = _parse_atom(row)
        except ValueError as error:
            defect = defect or f"line {first_line + index}: {error}"
    record: dict[str, FieldValue] = {"comment": comment} if comment else {}
    return Molecule(numbers, pos, defect=defect, record=record)


def _parse_atom(row: str) -> tuple[int, list[float]]:
    """Read one atom line.

    Raises:
        ValueError: It is not an element followed by three numbers.
    """
    words = row.split()
    if len(words) < COLUMNS:
        raise ValueError(f"{row.strip()!r} is not an element and three coordinates")
    word = words[0].capitalize()
    number = int(word) if word.isdecimal() else ATOMIC_NUMBER.get(word, 0)
    if not 1 <= number <= MAX_ATOMIC_NUMBER:
        raise ValueError(f"{words[0]!r} is not an element")
    return number, [float(word) for word in words[1:COLUMNS]]


def write_xyz(molecules: Iterable[Molecule], handle: BinaryIO) -> None:
    """Write one frame per molecule, coordinates in angstrom to 6 decimals, bonds and fields left out."""
    for molecule in molecules:
        handle.write(molecule.to_xyz().encode())
