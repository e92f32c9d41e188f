"""SDF: the format chemists expect, with bonds, formal charges and data fields for each molecule.

RDKit parses and writes the blocks; records are split here, because a file that ends inside a record must
be noticed and a record that cannot be parsed must keep its place. Failed molecules are written too, as
unsanitised blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from rdkit import Chem, rdBase

from molgen.chem.graph import AROMATIC_ORDER, KEKULE_ORDERS, bond_problem, raw_graph
from molgen.chem.molecule import FieldValue, Molecule
from molgen.chem.tables import MAX_ATOMIC_NUMBER
from molgen.core.errors import InputError

DELIMITER = "$$$$"
NAME_FIELD = "name"
"""Data field that becomes the title line of a record, and back."""
NOT_FINITE_FIELD = "atoms_not_finite"
"""Lists atoms, counted from 1, whose coordinates the format cannot hold: zeros stand in for them."""


def iter_sdf(path: Path) -> Iterator[Molecule]:
    """Yield one molecule per record; one that RDKit cannot parse has a defect naming record and line.

    Raises:
        InputError: The last record has no closing ``$$$$``.
    """
    lines: list[str] = []
    count, start = 0, 1
    with path.open(encoding="utf-8", errors="replace") as handle:
        for number, line in enumerate(handle, start=1):
            lines.append(line)
            if line.rstrip() == DELIMITER:
                count += 1
                yield _parse("".join(lines), count, start)
                lines, start = [], number + 1
    if "".join(lines).strip():
        raise InputError(
            f"{path} ends inside record {count + 1} (line {start}): there is no closing {DELIMITER}; {count} "
            f"complete records stand before it. Make the file again, or end it after the last {DELIMITER}"
        )


def _parse(text: str, count: int, start: int) -> Molecule:
    supplier = Chem.SDMolSupplier()
    with rdBase.BlockLogs():
        supplier.SetData(text, sanitize=False, removeHs=False)
        mol = supplier[0] if len(supplier) else None
    if mol is None:
        reason = f"record {count} (line {start}) cannot be parsed as a V2000 or V3000 block"
        return Molecule(np.zeros(0, dtype=np.int64), np.zeros((0, 3)), defect=reason)
    record = mol.GetPropsAsDict(includePrivate=False, includeComputed=False)
    if mol.HasProp("_Name") and mol.GetProp("_Name"):
        record[NAME_FIELD] = mol.GetProp("_Name")
    return _with_stated_failure(_unplace(Molecule.from_mol(mol, record)))


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

    ``valid`` is 1 or 0; a molecule that has not failed but whose bonds are not known is neither.
    """
    lost = np.flatnonzero(~np.isfinite(molecule.pos).all(axis=1))
    judged = molecule.bonds is not None or molecule.failure is not None
    computed: Mapping[str, FieldValue | None] = {
        "valid": int(molecule.failure is None) if judged else None,
        "smiles": molecule.smiles,
        "failure": molecule.failure,
        NOT_FINITE_FIELD: " ".join(map(str, lost + 1)) if len(lost) else None,
    }
    kept = {name: v for name, v in molecule.record.items() if name not in computed and name != NAME_FIELD}
    return kept | {name: value for name, value in computed.items() if value is not None}


def _record_text(molecule: Molecule) -> str:
    mol = _writable_mol(molecule)
    mol.SetProp("_Name", _one_line(molecule.record.get(NAME_FIELD, "")))
    for name, value in data_fields(molecule).items():
        # A blank line would end the field and a ">" its name, so neither may pass.
        mol.SetProp(_one_line(name).translate({ord("<"): "(", ord(">"): ")"}), _one_line(value))
    with rdBase.BlockLogs():
        return str(Chem.SDWriter.GetText(mol, kekulize=False))


def _one_line(value: FieldValue) -> str:
    return " ".join(str(value).split())


def _writable_mol(molecule: Molecule) -> Chem.RWMol:
    """Unsanitised molecule with every atom and, where they form a graph, every bond."""
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
    return mol
