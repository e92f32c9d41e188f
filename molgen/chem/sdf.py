"""SDF: the format chemists expect, with bonds, formal charges and data fields for each molecule.

RDKit parses and writes the blocks; records are split here, because a file that ends inside a record must
be noticed and a record that cannot be parsed must keep its place. Failed molecules are written too, as
unsanitised blocks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import BinaryIO, TextIO

import numpy as np
from rdkit import Chem, rdBase

from molgen.chem.damage import DamagedFileError, unread
from molgen.chem.graph import AROMATIC_ORDER, KEKULE_ORDERS, bond_problem, constitution_smiles, raw_graph
from molgen.chem.molecule import FieldValue, Molecule
from molgen.chem.tables import MAX_ATOMIC_NUMBER

DELIMITER = "$$$$"
NAME_FIELD = "name"
"""Data field that becomes the title line of a record, and back."""
NOT_FINITE_FIELD = "atoms_not_finite"
"""Lists atoms, counted from 1, whose coordinates the format cannot hold: zeros stand in for them."""
MAX_RECORD = 16_000_000
"""Characters of the largest record that is read: some 200,000 atoms, which RDKit parses in about 1 GB."""
MAX_PIECE = 65_536
"""Characters of a line that are read at a time."""


@dataclass(frozen=True)
class _Record:
    """A record of which no more than ``MAX_RECORD`` characters are kept.

    Attributes:
        text: Its lines, the first characters alone where there are too many.
        size: Number of characters.
        line: Number of its first line in the file.
        closed: Whether its closing delimiter was read.
    """

    text: str
    size: int
    line: int
    closed: bool


def iter_sdf(path: Path) -> Iterator[Molecule]:
    """Yield one molecule per record, with one record in memory.

    A record that RDKit cannot parse, or of more than ``MAX_RECORD`` characters, has a defect naming record
    and line.

    Raises:
        DamagedFileError: The last record has no closing ``$$$$``.
    """
    with path.open(encoding="utf-8", errors="replace") as handle:
        for count, record in enumerate(_records(handle), start=1):
            where = f"record {count} (line {record.line})"
            if not record.closed:
                raise DamagedFileError(
                    f"{path} ends inside {where}: there is no closing {DELIMITER}; {count - 1} complete "
                    "records stand before it",
                    f"Make the file again, or end it after the last {DELIMITER}",
                )
            if record.size > MAX_RECORD:
                yield unread(f"{where} has {record.size} characters; at most {MAX_RECORD} are read")
            else:
                yield _parse(record.text, where)


def _records(handle: TextIO) -> Iterator[_Record]:
    kept, size, start, line, line_begins = StringIO(), 0, 1, 1, True
    # A file without line ends is read in pieces, as it may not fit into memory.
    for piece in iter(partial(handle.readline, MAX_PIECE), ""):
        size += len(piece)
        if size <= MAX_RECORD:
            kept.write(piece)
        closed = line_begins and piece.rstrip() == DELIMITER
        line_begins = piece.endswith("\n")
        line += line_begins
        if closed:
            yield _Record(kept.getvalue(), size, start, closed)
            kept, size, start = StringIO(), 0, line
    if size > MAX_RECORD or kept.getvalue().strip():
        yield _Record(kept.getvalue(), size, start, closed=False)


def _parse(text: str, where: str) -> Molecule:
    supplier = Chem.SDMolSupplier()
    with rdBase.BlockLogs():
        supplier.SetData(text, sanitize=False, removeHs=False)
        mol = supplier[0] if len(supplier) else None
    if mol is None:
        return unread(f"{where} cannot be parsed as a V2000 or V3000 block")
    texts = mol.GetPropsAsDict(includePrivate=False, includeComputed=False, autoConvertStrings=False)
    record = {name: _value(str(text)) for name, text in texts.items()}
    if mol.HasProp("_Name") and mol.GetProp("_Name"):
        record[NAME_FIELD] = mol.GetProp("_Name")
    molecule = Molecule.from_mol(mol, record)
    origin = replace(molecule.origin, dimension=_stated_dimension(text))
    return _with_stated_failure(_unplace(replace(molecule, origin=origin)))


def _stated_dimension(text: str) -> str:
    """Columns 21 and 22 of a block's second line, which holds the program."""
    return text.split("\n", 2)[1][20:22]


def _value(text: str) -> FieldValue:
    """Return a number where that is written just so, else the text: identifiers keep their zeros."""
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        if str(number) == text and (isinstance(number, int) or math.isfinite(number)):
            return number
    return text


def _unplace(molecule: Molecule) -> Molecule:
    """Give back to atoms the non-finite coordinates that the format could not hold."""
    words = str(molecule.record.get(NOT_FINITE_FIELD, "")).split()
    rows = [int(word) - 1 for word in words if word.isdecimal() and 1 <= int(word) <= molecule.num_atoms]
    if not rows:
        return molecule
    pos = np.array(molecule.pos)
    pos[rows] = np.nan
    return replace(molecule, pos=pos)


def _with_stated_failure(molecule: Molecule) -> Molecule:
    """Let a record that states its failure stay failed where the block alone does not show it."""
    stated = molecule.record.get("failure")
    if molecule.record.get("valid") != 0 or not stated or molecule.failure is not None:
        return molecule
    return replace(molecule, defect=str(stated))


def write_sdf(molecules: Iterable[Molecule], handle: BinaryIO) -> None:
    """Write records with coordinates in angstrom to 4 decimals and the fields of :func:`data_fields`."""
    for molecule in molecules:
        handle.write(_record_text(molecule).encode())


def mol_block(molecule: Molecule) -> str:
    """Return the connection table alone, for viewers; coordinates in angstrom to 4 decimals."""
    with rdBase.BlockLogs():
        return str(Chem.MolToMolBlock(_writable_mol(molecule), kekulize=False))


def data_fields(molecule: Molecule) -> dict[str, FieldValue]:
    """Return the data fields of a record: those it came with, then ``valid``, ``smiles`` and ``failure``.

    ``valid`` is 1 or 0; a molecule that has not failed but whose bonds are not known is neither. A ``smiles``
    that it came with stays if it names this constitution, as it may say more: its stereochemistry, which is
    not compared with the coordinates.
    """
    lost = np.flatnonzero(~np.isfinite(molecule.pos).all(axis=1))
    judged = molecule.bonds is not None or molecule.failure is not None
    given = molecule.record.get("smiles")
    computed: Mapping[str, FieldValue | None] = {
        "valid": int(molecule.failure is None) if judged else None,
        "smiles": given if _names(given, molecule.smiles) else molecule.smiles,
        "failure": molecule.failure,
        NOT_FINITE_FIELD: " ".join(map(str, lost + 1)) if len(lost) else None,
    }
    kept = {name: v for name, v in molecule.record.items() if name not in computed and name != NAME_FIELD}
    return kept | {name: value for name, value in computed.items() if value is not None}


def _record_text(molecule: Molecule) -> str:
    mol = _writable_mol(molecule)
    mol.SetProp("_Name", _one_line(molecule.record.get(NAME_FIELD, "")))
    for name, value in data_fields(molecule).items():
        # A ">" would end its name.
        mol.SetProp(_one_line(name).translate({ord("<"): "(", ord(">"): ")"}), _lines(value))
    with rdBase.BlockLogs():
        return str(Chem.SDWriter.GetText(mol, kekulize=False))


def _names(smiles: FieldValue | None, constitution: str | None) -> bool:
    """Whether a text is a SMILES of that canonical constitution."""
    if constitution is None or not isinstance(smiles, str):
        return False
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
    return mol is not None and constitution_smiles(mol) == constitution


def _one_line(value: FieldValue) -> str:
    """Return a title or a name, which no line end and no delimiter may cut."""
    line = " ".join(str(value).split())
    return f" {line}" if line.startswith(DELIMITER) else line


def _lines(value: FieldValue) -> str:
    """Return the lines of a field without blank ones, which would end it, nor delimiters."""
    lines = [line.rstrip() for line in str(value).splitlines()]
    return "\n".join(f" {line}" if line.startswith(DELIMITER) else line for line in lines if line)


def _writable_mol(molecule: Molecule) -> Chem.RWMol:
    """Unsanitised molecule with every atom and, where they form a graph, every bond.

    Of whole molecules with what their coordinates show of stereochemistry: without it, the format would say
    of each double bond that it may be either way. It still does of those whose side a hydrogen alone shows,
    as in imines, since RDKit would make that hydrogen part of the SMILES.
    """
    numbers = np.where((molecule.numbers < 0) | (molecule.numbers > MAX_ATOMIC_NUMBER), 0, molecule.numbers)
    bonds = [] if molecule.bonds is None else molecule.bonds.tolist()
    if bond_problem(len(numbers), bonds, (*KEKULE_ORDERS, AROMATIC_ORDER)) is not None:
        bonds = []
    charges = None if molecule.charges is None else molecule.charges.tolist()
    mol = raw_graph(numbers.tolist(), bonds, charges)
    conformer = Chem.Conformer(len(numbers))
    finite = np.isfinite(molecule.pos).all(axis=1, keepdims=True)
    conformer.SetPositions(np.where(finite, molecule.pos, 0.0))
    mol.AddConformer(conformer)
    for atom, isotope in molecule.origin.isotopes:
        mol.GetAtomWithIdx(atom).SetIsotope(isotope)
    if bonds and finite.all() and molecule.failure is None:
        mol.UpdatePropertyCache(strict=False)
        Chem.FastFindRings(mol)
        Chem.AssignStereochemistryFrom3D(mol)
        for bond in mol.GetBonds():
            if bond.GetStereo() != Chem.BondStereo.STEREONONE and not _has_heavy_sides(bond):
                bond.SetStereo(Chem.BondStereo.STEREOANY)
    return mol


def _has_heavy_sides(bond: Chem.Bond) -> bool:
    """Whether both atoms of a bond have heavy neighbours beside each other."""
    ends = ((bond.GetBeginAtom(), bond.GetEndAtom()), (bond.GetEndAtom(), bond.GetBeginAtom()))
    return all(
        any(n.GetAtomicNum() > 1 and n.GetIdx() != other.GetIdx() for n in end.GetNeighbors())
        for end, other in ends
    )
