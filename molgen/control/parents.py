"""Parents of analogues: whole molecules in space, from a file, from SMILES or from Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rdkit import Chem

from molgen.chem.bonds import perceive_bonds
from molgen.chem.cleaning import with_charges_separated
from molgen.chem.conformers import SMILES_SUFFIXES, embed
from molgen.chem.flatness import is_drawing
from molgen.chem.graph import unpaired_electrons
from molgen.chem.io import ACCEPTED_SUFFIXES, read_molecules
from molgen.chem.molecule import Molecule
from molgen.core.errors import InputError

Parents = str | Path | Molecule | Sequence[Molecule]
"""A file, a SMILES, or molecules in the hand."""


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
        hand = [like] if isinstance(like, Molecule | Chem.Mol) else list(like)
        if not all(isinstance(molecule, Molecule) for molecule in hand):
            raise InputError(
                "like= takes a path, a SMILES, a molgen.Molecule or a list of such molecules "
                "(Molecule.from_mol makes one of RDKit's)"
            )
        named = ((f"molecule {n}", molecule) for n, molecule in enumerate(hand, start=1))
    parents = [_whole(where, molecule) for where, molecule in named]
    if not parents:
        raise InputError("--like holds no molecule; give a file, a SMILES or a molecule")
    return parents


def _is_smiles(text: str) -> bool:
    suffixes = (*ACCEPTED_SUFFIXES, *SMILES_SUFFIXES)
    try:
        return not text.lower().endswith(suffixes) and not Path(text).is_file()
    except OSError:  # longer than the name of any file
        return True


def _from_smiles(text: str) -> Iterator[tuple[str, Molecule]]:
    molecule = embed(text) if text.strip() else None
    if molecule is None or molecule.failure is not None:
        raise InputError(
            f"--like {text!r} is neither an existing file nor a SMILES that can be placed in space; give a "
            f"file of type {', '.join((*ACCEPTED_SUFFIXES, *SMILES_SUFFIXES))}, or a SMILES"
        )
    yield repr(text), molecule


def _from_file(path: Path) -> Iterator[tuple[str, Molecule]]:
    """Yield where a molecule stands, and the molecule."""
    if path.suffix.lower() in SMILES_SUFFIXES:
        molecules = [embed(line) for line in _lines(path) if line.strip()]
    else:
        molecules = read_molecules(path)
    for number, molecule in enumerate(molecules, start=1):
        yield f"{path}, record {number}", molecule


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}; give a readable file") from error


def _whole(where: str, molecule: Molecule) -> Molecule:
    """Bonds and hydrogens added where they lack.

    Raises:
        InputError: The molecule cannot be a parent.
    """
    bonded = with_charges_separated(molecule if molecule.bonds is not None else perceive_bonds([molecule])[0])
    if bonded.mol is None:
        raise InputError(f"--like {where} is no valid molecule: {bonded.failure}; leave it out or mend it")
    if bonded.origin.isotope is not None:
        raise InputError(f"--like {where}: {bonded.origin.isotope}")
    if is_drawing(bonded):
        raise InputError(
            f"--like {where} is a drawing: all its z are 0; give coordinates in space, or give its SMILES "
            "and it will be placed"
        )
    # Only SDF may leave hydrogens out; other sources name all atoms.
    lacking = unpaired_electrons(bonded.mol) > 0 and bonded.origin.dimension is not None
    whole = _with_hydrogens(bonded) if lacking else bonded
    if whole.mol is None or unpaired_electrons(whole.mol):
        reason = whole.failure or f"it has {unpaired_electrons(bonded.mol)} unpaired electrons"
        raise InputError(f"--like {where} cannot be a parent: {reason}; are hydrogens missing? Add them")
    if whole.num_fragments != 1:
        raise InputError(
            f"--like {where} has {whole.num_fragments} pieces; give one connected molecule, without salts "
            "and solvents"
        )
    return whole


def _with_hydrogens(molecule: Molecule) -> Molecule:
    """Read open valences as hydrogens that the file left out."""
    assert molecule.mol is not None
    mol = Chem.Mol(molecule.mol)
    for atom in mol.GetAtoms():
        atom.SetNumRadicalElectrons(0)
        atom.SetNoImplicit(False)
    mol.UpdatePropertyCache()
    return Molecule.from_mol(Chem.AddHs(mol, addCoords=True), molecule.record)
