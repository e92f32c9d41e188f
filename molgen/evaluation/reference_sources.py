"""Where a reference comes from: a shipped one by name, a file of digests, SMILES or molecules.

Known molecules must be named as the judged ones are, so bonds come from the protocol's rule in both. A file
of molecules is read once and not held: novelty knows all of them, distances know a fair sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from molgen.chem.identity import canonical_smiles, largest_fragment_smiles
from molgen.chem.io import ACCEPTED_SUFFIXES, iter_molecules
from molgen.chem.molecule import Molecule
from molgen.chem.npz import read_arrays
from molgen.core.errors import InputError
from molgen.evaluation.drawing import Reservoir
from molgen.evaluation.known_molecules import KnownMolecules
from molgen.evaluation.protocols import BOND_RULES
from molgen.evaluation.reference import ReferenceSet

SHIPPED = Path(__file__).parent / "references"
SMILES_SUFFIXES = (".smi", ".smiles", ".txt")

SAMPLE = 10_000
"""Molecules at most that distances are measured to."""

CHUNK = 1000
"""Molecules whose bonds are perceived together."""


def load_reference(source: str | Path, bonds: str = "edm") -> ReferenceSet:
    """Make a reference from a name or a file.

    Args:
        source: ``qm9`` or another shipped name; an NPZ file that :meth:`ReferenceSet.save` wrote; a file with
            one SMILES at the start of each line; or molecules (SDF, XYZ, NPZ).
        bonds: Rule of :data:`~molgen.evaluation.protocols.BOND_RULES` that names the judged molecules;
            shipped sets exist for each, and molecules get their bonds by it.

    Returns:
        The set. Of molecules it knows distributions as well, measured on a sample of :data:`SAMPLE` drawn
        with seed 0 when they are first asked for; of SMILES it cannot.

    Raises:
        InputError: There is no such name or file, or it cannot be read.
    """
    path = Path(source)
    shipped = {p.stem.removesuffix(f"_{bonds}"): p for p in SHIPPED.glob(f"*_{bonds}.npz")}
    if str(source) in shipped:
        return ReferenceSet.load(shipped[str(source)])
    if not path.is_file() or path.suffix.lower() not in (*SMILES_SUFFIXES, *ACCEPTED_SUFFIXES):
        accepted = ", ".join((*SMILES_SUFFIXES, *ACCEPTED_SUFFIXES))
        raise InputError(
            f"reference {str(source)!r} is neither shipped (there is {', '.join(sorted(shipped))}) nor an "
            f"existing file of type {accepted}"
        )
    if path.suffix.lower() in SMILES_SUFFIXES:
        return _from_smiles_file(path)
    if path.suffix.lower() == ".npz" and "digests" in read_arrays(path):
        return ReferenceSet.load(path)
    return reference_of(_bonded(iter_molecules(path), bonds), path.name)


def reference_of(molecules: Iterable[Molecule], name: str) -> ReferenceSet:
    """Make a reference from molecules with their bonds, read once; those that are not valid are left out.

    Args:
        molecules: Known molecules; a sample of :data:`SAMPLE` is held.
        name: What the set is, for reports.
    """
    reservoir = Reservoir(SAMPLE, np.random.default_rng(0))
    # Named by copies, so that what RDKit makes of each molecule is not kept.
    named = (largest_fragment_smiles(replace(m)) for m in reservoir.watch(molecules))
    known = ReferenceSet.from_smiles(named, name)
    kept = list(reservoir.drawn(SAMPLE).values())
    smiles = [s for s in (largest_fragment_smiles(replace(m)) for m in kept) if s is not None]
    return replace(known, distributions=KnownMolecules(kept), smiles=smiles)


def _bonded(molecules: Iterator[Molecule], bonds: str) -> Iterator[Molecule]:
    while chunk := list(islice(molecules, CHUNK)):
        yield from BOND_RULES[bonds](chunk)


def _from_smiles_file(path: Path) -> ReferenceSet:
    known = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        smiles = canonical_smiles(line.split()[0])
        if smiles is None:
            raise InputError(f"{path}, line {number}: {line.split()[0]!r} is no SMILES; correct or remove it")
        known.append(smiles)
    if not known:
        raise InputError(f"{path} holds no SMILES; give one at the start of each line")
    chosen = np.random.default_rng(0).permutation(len(known))[:SAMPLE]
    sample = [known[index] for index in np.sort(chosen)]
    return replace(ReferenceSet.from_smiles(known, name=path.name), smiles=sample)
