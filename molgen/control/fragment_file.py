"""Where a scaffold comes from: the records of a file, all in one frame, or a part of one molecule.

Atoms keep the numbers that they have in the file, counted from 1 through all records, whatever is cut away
or added afterwards; users speak of atoms by these numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, rdBase
from scipy.spatial.distance import pdist, squareform

from molgen.chem.cleaning import with_charges_separated
from molgen.chem.flatness import is_drawing
from molgen.chem.graph import raw_graph, sanitise
from molgen.chem.io import read_molecules
from molgen.chem.molecule import Molecule
from molgen.core.errors import InputError

Source = str | Path | Molecule | Sequence[Molecule]
"""A file, a molecule, or several molecules in one frame."""

MAX_MATCHES = 1000
_TOO_CLOSE = 0.5
"""Distance in angstrom that no two atoms of one molecule have."""


@dataclass(frozen=True, eq=False)
class Part:
    """Some atoms of what the user gave.

    Attributes:
        molecule: The atoms, their bonds and charges, in the user's frame; dummies have the number 0.
        labels: ``(n,)`` int64 the atoms' numbers in the file, from 1; 0 for atoms that are not in it.
        matches: How often a pattern occurs in the whole, where the part was found by one.
    """

    molecule: Molecule
    labels: NDArray[np.int64]
    matches: int = 1

    @property
    def orders(self) -> NDArray[np.int64]:
        """``(n, n)`` int64 bond orders, symmetric."""
        return bond_orders(self.molecule)

    def keep(self, mask: NDArray[np.bool_]) -> Part:
        """Return the atoms where ``mask``, ``(n,)`` bool, is true, and the bonds between them."""
        m = self.molecule
        assert m.bonds is not None and m.charges is not None
        inside = m.bonds[mask[m.bonds[:, :2]].all(axis=1)].copy()
        inside[:, :2] = (np.cumsum(mask) - 1)[inside[:, :2]]
        kept = replace(m, numbers=m.numbers[mask], pos=m.pos[mask], bonds=inside, charges=m.charges[mask])
        return replace(self, molecule=kept, labels=self.labels[mask])

    def beside(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """``(n,)`` bool: which atoms are bonded to one where ``mask`` is true."""
        return np.asarray((self.orders[:, mask] > 0).any(axis=1))


def bond_orders(molecule: Molecule) -> NDArray[np.int64]:
    """``(n, n)`` int64 bond orders, symmetric, of a molecule with bonds."""
    orders = np.zeros((molecule.num_atoms, molecule.num_atoms), dtype=np.int64)
    assert molecule.bonds is not None
    first, second, order = molecule.bonds.T
    orders[first, second] = orders[second, first] = order
    return orders


def read_part(source: Source, smarts: str | None = None) -> Part:
    """Read a scaffold, or cut it out of a molecule.

    Args:
        source: Records of a file lie in one frame and become one part.
        smarts: Pattern whose first match, with its hydrogens and dummies, is the part.

    Raises:
        InputError: A record cannot be parsed, has no bonds or is flat; atoms of two records coincide; the
            pattern cannot be read, does not occur, or there are several records to look for it in.
    """
    records = _records(source)
    if smarts is not None and len(records) > 1:
        raise InputError(
            f"--scaffold-smarts needs one molecule to look in, but --scaffold holds {len(records)} records; "
            "keep one, or leave the pattern out"
        )
    for number, record in enumerate(records, start=1):
        _require_usable(record, number)
    whole = _merged([with_charges_separated(record) for record in records])
    _require_one_frame(whole)
    return whole if smarts is None else _matched(whole, smarts)


def _records(source: Source) -> list[Molecule]:
    if isinstance(source, str | Path):
        return read_molecules(source)
    hand = [source] if isinstance(source, Molecule | Chem.Mol) else list(source)
    if not hand:
        raise InputError("--scaffold was given no molecule; give a file or at least one molecule")
    if not all(isinstance(molecule, Molecule) for molecule in hand):
        raise InputError(
            "scaffold= takes a path, a molgen.Molecule or a list of such molecules "
            "(Molecule.from_mol makes one of RDKit's)"
        )
    return hand


def _require_usable(record: Molecule, number: int) -> None:
    where = f"--scaffold: record {number}"
    if record.defect is not None or not record.num_atoms:
        raise InputError(
            f"{where} cannot be used: {record.defect or 'it has no atoms'}; write the file again"
        )
    if record.origin.isotope is not None:
        raise InputError(f"{where}: {record.origin.isotope}")
    if record.bonds is None:
        raise InputError(f"{where} has no bonds; give an SDF file, which has them")
    if not np.isfinite(record.pos).all():
        raise InputError(f"{where} has coordinates that are not finite; give every atom a place")
    if is_drawing(record):
        raise InputError(
            f"{where} is a drawing in the plane (every z is 0); give a structure in space, as RDKit's "
            "EmbedMolecule or a crystal structure has it"
        )


def _merged(records: Sequence[Molecule]) -> Part:
    offsets = np.cumsum([0, *(r.num_atoms for r in records)])
    bonds = [
        r.bonds + np.array([start, start, 0])
        for r, start in zip(records, offsets, strict=False)
        if r.bonds is not None
    ]
    charges = [np.zeros(r.num_atoms, dtype=np.int64) if r.charges is None else r.charges for r in records]
    molecule = Molecule(
        np.concatenate([r.numbers for r in records]),
        np.concatenate([r.pos for r in records]),
        np.concatenate(bonds),
        np.concatenate(charges),
    )
    return Part(molecule, np.arange(1, molecule.num_atoms + 1))


def _require_one_frame(whole: Part) -> None:
    """Refuse atoms in one place, as conformers of one molecule have; dummies may lie anywhere."""
    real = np.flatnonzero(whole.molecule.numbers > 0)
    distances = squareform(pdist(whole.molecule.pos[real])) + np.diag(np.full(len(real), np.inf))
    if len(real) > 1 and distances.min() < _TOO_CLOSE:
        first, second = np.unravel_index(distances.argmin(), distances.shape)
        raise InputError(
            f"--scaffold: atoms {whole.labels[real[first]]} and {whole.labels[real[second]]} are "
            f"{distances.min():.2f} angstrom apart; the records of a file are fragments of one molecule, in "
            "one frame; keep one record of several structures"
        )


def _matched(whole: Part, smarts: str) -> Part:
    with rdBase.BlockLogs():
        pattern = Chem.MolFromSmarts(smarts)
    if pattern is None or not pattern.GetNumAtoms():
        raise InputError(f"--scaffold-smarts {smarts!r} is no SMARTS that RDKit reads; try one as c1ccccc1")
    matches = _graph(whole.molecule).GetSubstructMatches(pattern, uniquify=True, maxMatches=MAX_MATCHES)
    if not matches:
        raise InputError(
            f"--scaffold-smarts {smarts!r} does not occur in the molecule of --scaffold; give a pattern that "
            "does (rings of alternating bonds are aromatic, and lower-case there)"
        )
    mask = np.isin(np.arange(whole.molecule.num_atoms), matches[0])
    attached = whole.beside(mask) & (whole.molecule.numbers <= 1)
    return replace(whole.keep(mask | attached), matches=len(matches))


def _graph(molecule: Molecule) -> Chem.Mol:
    """Sanitised graph; hydrogens are implied where none is explicit, so that patterns see aromatic rings."""
    assert molecule.bonds is not None and molecule.charges is not None
    graph = raw_graph(molecule.numbers.tolist(), molecule.bonds.tolist(), molecule.charges.tolist())
    if not (molecule.numbers == 1).any():
        for index in np.flatnonzero(molecule.numbers > 1).tolist():
            graph.GetAtomWithIdx(index).SetNoImplicit(False)
    problem = sanitise(graph)
    if problem is not None:
        raise InputError(f"--scaffold: {problem}; mend the molecule first")
    return graph
