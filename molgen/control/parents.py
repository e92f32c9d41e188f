"""Parents of analogues: whole molecules in space, from a file, from SMILES or from Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rdkit import Chem

from molgen.chem.bonds import perceive_bonds
from molgen.chem.conformers import SMILES_SUFFIXES, embed
from molgen.chem.io import ACCEPTED_SUFFIXES, read_molecules
from molgen.chem.molecule import Molecule
from molgen.chem.sdf import DELIMITER
from molgen.control.wholeness import unpaired_electrons
from molgen.core.errors import InputError

Parents = str | Path | Molecule | Sequence[Molecule]
"""A file, a SMILES, or molecules in the hand."""

_FLAT = 1e-3
"""Angstrom; heights below it are those of a drawing on paper."""
_COMPLETE = "complete"
"""Stands for the dimension code of an SDF where atoms come from what names them all, in space."""


def read_parents(like: Parents) -> list[Molecule]:
    """Read molecules that analogues are asked of.

    Hydrogens that an SDF leaves out are added; bonds that a file lacks are those of the edm rule.

    Args:
        like: A file of type SDF, XYZ or NPZ, whose records are in space; a file of SMILES, one a line; one
            SMILES; or molecules.

    Returns:
        Valid connected molecules with all their atoms.

    Raises:
        InputError: Nothing can be read, or one of the molecules is not valid, not in space or not in one
            piece.
    """
    if isinstance(like, str | Path):
        named = _from_smiles(str(like)) if _is_smiles(str(like)) else _from_file(Path(like))
    else:
        hand = [like] if isinstance(like, Molecule) else list(like)
        if not all(isinstance(molecule, Molecule) for molecule in hand):
            raise InputError("like= takes a path, a SMILES, a molgen.Molecule or a list of such molecules")
        named = ((f"molecule {n}", molecule, _COMPLETE) for n, molecule in enumerate(hand, start=1))
    parents = [_whole(where, molecule, code) for where, molecule, code in named]
    if not parents:
        raise InputError("--like holds no molecule; give a file, a SMILES or a molecule")
    return parents


def _is_smiles(text: str) -> bool:
    suffixes = (*ACCEPTED_SUFFIXES, *SMILES_SUFFIXES)
    return not text.lower().endswith(suffixes) and not Path(text).is_file()


def _from_smiles(text: str) -> Iterator[tuple[str, Molecule, str]]:
    molecule = embed(text) if text.strip() else None
    if molecule is None or molecule.failure is not None:
        raise InputError(
            f"--like {text!r} is neither an existing file nor a SMILES that can be placed in space; give a "
            f"file of type {', '.join((*ACCEPTED_SUFFIXES, *SMILES_SUFFIXES))}, or a SMILES"
        )
    yield repr(text), molecule, _COMPLETE


def _from_file(path: Path) -> Iterator[tuple[str, Molecule, str]]:
    """Yield where a molecule stands, the molecule, and the dimension code of its record."""
    if path.suffix.lower() in SMILES_SUFFIXES:
        molecules = [embed(line) for line in _lines(path) if line.strip()]
    else:
        molecules = read_molecules(path)
    codes = _dimension_codes(path) if path.suffix.lower() == ".sdf" else [_COMPLETE] * len(molecules)
    for number, (molecule, code) in enumerate(zip(molecules, codes, strict=False), start=1):
        yield f"{path}, record {number}", molecule, code


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}; give a readable file") from error


def _dimension_codes(path: Path) -> list[str]:
    """Columns 21 and 22 of the second line of every record of an SDF."""
    lines = _lines(path)
    starts = [0, *(place + 1 for place, line in enumerate(lines) if line.rstrip() == DELIMITER)]
    return [lines[start + 1][20:22] if start + 1 < len(lines) else "" for start in starts]


def _whole(where: str, molecule: Molecule, code: str) -> Molecule:
    """Bonds and hydrogens added where they lack.

    Raises:
        InputError: The molecule cannot be a parent.
    """
    bonded = molecule if molecule.bonds is not None else perceive_bonds([molecule])[0]
    if bonded.mol is None:
        raise InputError(f"--like {where} is no valid molecule: {bonded.failure}; leave it out or mend it")
    if bonded.origin.isotope is not None:
        raise InputError(f"--like {where}: {bonded.origin.isotope}")
    if _drawn_flat(bonded, code):
        raise InputError(
            f"--like {where} is a drawing: all its z are 0; give coordinates in space, or give its SMILES "
            "and it will be placed"
        )
    open_valences = unpaired_electrons(bonded.mol) > 0
    whole = _with_hydrogens(bonded) if open_valences and code != _COMPLETE else bonded
    if whole.mol is None or unpaired_electrons(whole.mol):
        reason = whole.failure or f"it has {unpaired_electrons(bonded.mol)} unpaired electrons"
        raise InputError(f"--like {where} cannot be a parent: {reason}; are hydrogens missing? Add them")
    if whole.num_fragments != 1:
        raise InputError(
            f"--like {where} has {whole.num_fragments} pieces; give one connected molecule, without salts "
            "and solvents"
        )
    return whole


def _drawn_flat(molecule: Molecule, code: str) -> bool:
    """Whether all atoms lie in the paper though the molecule is not flat, or is said to be a drawing."""
    if np.abs(molecule.pos[:, 2]).max() > _FLAT:
        return False
    assert molecule.mol is not None
    crowded = any(atom.GetDegree() > 3 for atom in molecule.mol.GetAtoms())
    return crowded or code == "2D" or (code.isspace() and unpaired_electrons(molecule.mol) > 0)


def _with_hydrogens(molecule: Molecule) -> Molecule:
    """Read open valences as hydrogens that the file left out."""
    assert molecule.mol is not None
    mol = Chem.Mol(molecule.mol)
    for atom in mol.GetAtoms():
        atom.SetNumRadicalElectrons(0)
        atom.SetNoImplicit(False)
    mol.UpdatePropertyCache()
    return Molecule.from_mol(Chem.AddHs(mol, addCoords=True), molecule.record)
