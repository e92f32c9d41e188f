"""Molecules of your own as a prepared data set: SDF, XYZ, NPZ or SMILES files in, a store out.

What cannot be trained on is left out and listed in the manifest with its reason. All structures of one
constitution go to the same split, so that no test molecule was seen in training in another conformation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from molgen.chem.bonds import perceive_bonds
from molgen.chem.cleaning import with_charges_separated
from molgen.chem.conformers import SMILES_SUFFIXES, embed
from molgen.chem.flatness import is_drawing
from molgen.chem.graph import unpaired_electrons
from molgen.chem.io import ACCEPTED_SUFFIXES, iter_molecules
from molgen.chem.molecule import Molecule
from molgen.core.contracts import Progress
from molgen.core.errors import DataError, InputError
from molgen.core.files import require_writable
from molgen.data.store import (
    POSITION_SCALE,
    STORE_FILE,
    MoleculeStore,
    is_complete,
    read_manifest,
    sha256,
    write_store,
)

LEAST_CONSTITUTIONS = 10
"""Fewer would leave the validation or the test split empty."""
SPLIT_RULE = (
    "numpy.random.default_rng(0).permutation ranks the distinct SMILES, sorted; those of rank below a tenth "
    "of their number are validation, the next tenth test, the rest train, with all their structures"
)
_MAX_ATOMS = 255
"""Bonds in a store name their atoms in one byte."""
_MAX_COORDINATE = 1e5
"""Angstrom; positions in a store are 32-bit integers of 1e-4 angstrom."""


def prepare_files(
    paths: Sequence[Path], root: Path, workers: int = 1, progress: Progress | None = None
) -> dict[str, object]:
    """Prepare the molecules of some files, unless the folder already holds the very same.

    Args:
        paths: Files with suffix ``.sdf``, ``.xyz``, ``.npz``, ``.smi``, ``.smiles`` or ``.txt``. XYZ
            and NPZ have no bonds: those of the edm rule are taken. SMILES are placed in space by
            :func:`molgen.chem.conformers.embed`.
        root: Folder to write to.
        workers: Processes that place SMILES in space.
        progress: Told of every molecule that was read.

    Returns:
        The folder's manifest.

    Raises:
        InputError: A file cannot be read or is given twice, or the folder cannot be written or holds another
            data set.
        DataError: Too few molecules can be trained on.
    """
    if not paths:
        raise InputError("there is no file to prepare; give SDF, XYZ, NPZ or SMILES files")
    _require_different(paths)
    sources = {str(path): _digest(path) for path in paths}
    if is_complete(root):
        manifest = read_manifest(root)
        if manifest.get("source_sha256") != sources:
            raise InputError(f"{root} holds another data set already; choose another folder, or delete it")
        return manifest
    require_writable(root / STORE_FILE)
    sound, left_out = _sifted(_numbered(paths, workers, progress))
    if not sound:
        raise DataError(
            f"none of {len(left_out)} molecules can be trained on; the first because: {left_out[0]['reason']}"
        )
    manifest = {
        "name": "files",
        "source": [path.name for path in paths],
        "source_sha256": sources,
        "left_out": left_out,
        "split": SPLIT_RULE,
        "bond_rule": "as given, kekulised; by the edm rule where the file has none",
        "position_unit": "1e-4 angstrom",
        "properties": {},
        **_alphabet(sound),
    }
    write_store(store_of(sound), root, manifest)
    return read_manifest(root)


def objection(molecule: Molecule) -> str | None:
    """Say why a molecule is not trained on, or ``None`` if it may be."""
    if molecule.mol is None:
        return molecule.failure or "its bonds are not known"
    return _beyond_a_store(molecule) or molecule.origin.isotope or _no_whole_molecule(molecule)


def _beyond_a_store(molecule: Molecule) -> str | None:
    if molecule.num_atoms > _MAX_ATOMS:
        return f"it has {molecule.num_atoms} atoms; a store holds up to {_MAX_ATOMS}"
    if np.abs(molecule.pos).max() > _MAX_COORDINATE:
        return f"a coordinate is beyond {_MAX_COORDINATE:g} angstrom"
    return None


def _no_whole_molecule(molecule: Molecule) -> str | None:
    """Say what a valid molecule lacks of one molecule in space, or ``None``."""
    if is_drawing(molecule):
        return "it is a drawing in the plane; give coordinates in space, or its SMILES and it will be placed"
    if molecule.num_fragments > 1:
        return (
            f"it is {molecule.num_fragments} molecules; give each its own record, without salts or solvents"
        )
    assert molecule.mol is not None
    electrons = unpaired_electrons(molecule.mol)
    return f"it has {electrons} radical electrons; are its hydrogens missing?" if electrons else None


def store_of(molecules: Sequence[Molecule]) -> MoleculeStore:
    """Pack molecules and split them by :data:`SPLIT_RULE`.

    Args:
        molecules: Molecules with bonds to which there is no :func:`objection`.

    Raises:
        DataError: There are fewer than ten constitutions.
    """
    smiles = [str(molecule.smiles) for molecule in molecules]
    splits = _split(smiles)
    bonds = [molecule.bonds for molecule in molecules if molecule.bonds is not None]
    assert len(bonds) == len(molecules)
    charges = [np.zeros(m.num_atoms) if m.charges is None else m.charges for m in molecules]
    return MoleculeStore(
        atom_offsets=np.cumsum([0, *(m.num_atoms for m in molecules)]),
        numbers=np.concatenate([m.numbers for m in molecules]).astype(np.uint8),
        positions=np.rint(np.concatenate([m.pos for m in molecules]) / POSITION_SCALE).astype(np.int32),
        charges=np.concatenate(charges).astype(np.int8),
        bond_offsets=np.cumsum([0, *map(len, bonds)]),
        bonds=np.concatenate(bonds).astype(np.uint8),
        properties=np.zeros((len(molecules), 0)),
        identifiers=np.arange(1, len(molecules) + 1),
        smiles=np.array([text.encode() for text in smiles]),
        **splits,
    )


def _split(smiles: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    names, constitution = np.unique(np.array(smiles, dtype=str), return_inverse=True)
    if len(names) < LEAST_CONSTITUTIONS:
        raise DataError(
            f"{len(names)} different molecules can be trained on, but a split into training, validation and "
            f"test needs {LEAST_CONSTITUTIONS}; give more molecules"
        )
    rng = np.random.default_rng(0)
    rank = rng.permutation(len(names))[constitution]
    tenth = len(names) // 10
    parts = {"train": rank >= 2 * tenth, "validation": rank < tenth}
    parts["test"] = ~parts["train"] & ~parts["validation"]
    return {name: rng.permutation(np.flatnonzero(chosen)) for name, chosen in parts.items()}


def _alphabet(molecules: Sequence[Molecule]) -> dict[str, list[int]]:
    """Atomic numbers and formal charges that occur: what a model's vocabulary must have."""
    numbers = {int(z) for molecule in molecules for z in molecule.numbers}
    charges = {int(q) for molecule in molecules if molecule.charges is not None for q in molecule.charges}
    return {"atomic_numbers": sorted(numbers), "formal_charges": sorted(charges | {0})}


def _require_different(paths: Sequence[Path]) -> None:
    """Refuse what would be trained on twice.

    Raises:
        InputError: A file is given twice, be it by different spellings or links.
    """
    seen: dict[Path, Path] = {}
    for path in paths:
        place = path.resolve()
        if place in seen:
            raise InputError(f"{path} is the same file as {seen[place]}; give it once")
        seen[place] = path


def _digest(path: Path) -> str:
    """Checksum of a file of molecules.

    Raises:
        InputError: It is missing or of unknown type.
    """
    accepted = (*ACCEPTED_SUFFIXES, *SMILES_SUFFIXES)
    if path.suffix.lower() not in accepted or not path.is_file():
        raise InputError(f"{path} is not an existing file of type {', '.join(accepted)}")
    return sha256(path)


def _numbered(
    paths: Sequence[Path], workers: int, progress: Progress | None
) -> Iterator[tuple[Path, int, Molecule]]:
    """Yield file, record number and molecule, with bonds where they can be known."""
    for path in paths:
        in_space = path.suffix.lower() not in SMILES_SUFFIXES
        molecules = iter_molecules(path) if in_space else _placed(path, workers)
        for number, molecule in enumerate(molecules, start=1):
            if progress is not None:
                progress(1)
            bonded = molecule if molecule.bonds is not None else perceive_bonds([molecule])[0]
            yield path, number, with_charges_separated(bonded)


def _placed(path: Path, workers: int) -> Iterator[Molecule]:
    lines = [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    yield from Parallel(n_jobs=workers, return_as="generator")(delayed(embed)(line) for line in lines)


def _sifted(
    records: Iterator[tuple[Path, int, Molecule]],
) -> tuple[list[Molecule], list[dict[str, str | int]]]:
    """Part the molecules that can be trained on from those that cannot; the latter with their reason."""
    sound: list[Molecule] = []
    left_out: list[dict[str, str | int]] = []
    for path, number, molecule in records:
        reason = objection(molecule)
        if reason is None:
            sound.append(molecule)
        else:
            left_out.append({"file": str(path), "record": number, "reason": reason})
    return sound, left_out
