"""XYZ, many frames to a file: the format quantum chemistry programs share.

A frame is a count, a comment and one line per atom: element symbol or atomic number, then x, y, z in
angstrom; further columns are ignored. A damaged atom line spoils its frame only; a damaged count line ends
the reading, since no later frame could be found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

import numpy as np

from molgen.chem.damage import DamagedFileError, unread
from molgen.chem.molecule import FieldValue, Molecule
from molgen.chem.tables import ATOMIC_NUMBER, MAX_ATOMIC_NUMBER

COLUMNS = 4
MAX_ATOMS = 200_000
"""Atoms of the largest frame that is read."""
MAX_DIGITS = 15
"""Digits of the largest atom count that is taken for one."""
MAX_LINE, MAX_ROW, MAX_SHOWN = 65_536, 500, 80
"""Characters kept of a line, of an atom line, and of what an error quotes."""


def iter_xyz(path: Path) -> Iterator[Molecule]:
    """Yield one molecule per frame, without bonds; the comment line becomes the data field ``comment``.

    A frame of more than ``MAX_ATOMS`` atoms has a defect instead, and is not held in memory.

    Raises:
        DamagedFileError: A count line is no number, or the file ends inside a frame.
    """
    with path.open(encoding="utf-8", errors="replace") as handle:
        frame, line = 0, 0
        while header := _read_line(handle):
            line += 1
            if not header.strip():
                continue
            frame += 1
            yield _read_frame(handle, header.strip(), f"{path}, frame {frame} (line {line})", frame, line)
            line += 1 + int(header)


def _read_frame(handle: TextIO, header: str, where: str, frame: int, line: int) -> Molecule:
    advice = "Make the file again, or cut it after the frames before"
    if not header.isdecimal() or len(header) > MAX_DIGITS:
        reason = f"{where}: {header[:MAX_SHOWN]!r} is not an atom count; an XYZ frame begins with one"
        raise DamagedFileError(reason, advice)
    atoms = int(header)
    comment, last, count = _read_line(handle), "", 0
    rows: list[str] = []
    while count < atoms and (row := _read_line(handle)[:MAX_ROW]):
        last, count = row, count + 1
        if atoms <= MAX_ATOMS:
            rows.append(row)
    cut = count > 0 and not last.endswith("\n") and len(last.split()) < COLUMNS
    if count < atoms or not comment or cut:
        reason = (
            f"{where}: the file ends in line {line + 1 + count}, short of {atoms} whole atom lines; "
            f"{frame - 1} complete frames stand before it"
        )
        raise DamagedFileError(reason, advice)
    if atoms > MAX_ATOMS:
        return unread(f"frame {frame} (line {line}) has {atoms} atoms; at most {MAX_ATOMS} are read")
    return _parse_frame(rows, comment.strip(), first_line=line + 2)


def _read_line(handle: TextIO) -> str:
    """Read a line, of which no more than the first ``MAX_LINE`` characters are kept; nothing at the end."""
    line = piece = handle.readline(MAX_LINE)
    while piece and not piece.endswith("\n"):
        piece = handle.readline(MAX_LINE)
    return line


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
