"""Where a scaffold may grow: named atoms, dummies, open valences, or everywhere.

Every other atom is closed, and the network is told so (:func:`molgen.core.fragments.free_around`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Geometry import Point3D
from scipy.sparse.csgraph import connected_components

from molgen.chem.graph import raw_graph, sanitise
from molgen.chem.molecule import Molecule
from molgen.chem.tables import allowed_orders, symbol
from molgen.control.fragment_file import Part, Source, bond_orders, read_part
from molgen.core.errors import InputError

Attach = str | int | Sequence[int]
"""Numbers of atoms, from 1 as in the file: ``"3,7"``, ``3`` or ``[3, 7]``."""


@dataclass(frozen=True, eq=False)
class Scaffold:
    """Given atoms, and which of them may gain bonds.

    Attributes:
        part: The given atoms.
        named: Numbers in the file of attachments that the user marked, which must grow.
        open: ``(n,)`` bool atoms that may gain bonds, the named ones among them.
    """

    part: Part
    named: tuple[int, ...]
    open: NDArray[np.bool_]

    @property
    def molecule(self) -> Molecule:
        """The given atoms in the user's frame."""
        return self.part.molecule

    @property
    def missing(self) -> int:
        """Sum of the bond orders that the open atoms lack."""
        return int(missing_orders(self.molecule)[self.open].sum())


def read_scaffold(source: Source, attach: Attach | None = None, smarts: str | None = None) -> Scaffold:
    """Read a scaffold and find its attachments.

    Atoms are attachments if ``attach`` names them or if they carry a dummy, which is dropped. Such an atom
    without an open valence gives up one hydrogen, and all other atoms get the hydrogens that they lack.
    Without either, atoms with open valences are the attachments; where there are none, all hydrogens on
    heavy atoms are dropped, to be drawn anew, and every atom that lost one may grow.

    Args:
        source: A file, or molecules in one frame.
        attach: Numbers of attachment atoms.
        smarts: Pattern of the part to keep; see :func:`molgen.control.fragment_file.read_part`.

    Raises:
        InputError: The scaffold cannot be read, an attachment cannot be one, or nothing can grow.
    """
    whole = read_part(source, smarts)
    named = {*_read_attach(attach, whole), *_beside_dummies(whole)}
    part = whole.keep(whole.molecule.numbers > 0)
    if part.molecule.failure is not None:
        raise InputError(f"--scaffold: {part.molecule.failure}; mend the scaffold first")
    if not (part.molecule.numbers > 1).any():
        raise InputError(
            "--scaffold has no atom but hydrogens and dummies; give one with at least one heavy atom"
        )
    part = _opened(_filled(part, named), sorted(named)) if named else _opened_anywhere(part)
    opened = np.isin(part.labels, sorted(named)) if named else missing_orders(part.molecule) > 0
    scaffold = Scaffold(part, tuple(sorted(named)), opened)
    _require_joinable(scaffold)
    return scaffold


def missing_orders(molecule: Molecule) -> NDArray[np.int64]:
    """``(n,)`` int64: what the bonds of each heavy atom lack to the next stable total; 0 for stable ones."""
    totals = bond_orders(molecule).sum(axis=1).tolist()
    charges = [0] * molecule.num_atoms if molecule.charges is None else molecule.charges.tolist()
    missing = np.zeros(molecule.num_atoms, dtype=np.int64)
    for index, number in enumerate(molecule.numbers.tolist()):
        reachable = [o for o in allowed_orders(number, charges[index]) or () if o >= totals[index]]
        missing[index] = min(reachable) - totals[index] if number > 1 and reachable else 0
    return missing


def pieces(molecule: Molecule) -> NDArray[np.int64]:
    """``(n,)`` int64 number of the connected piece that each atom is in, from 0."""
    return np.asarray(connected_components(bond_orders(molecule))[1], dtype=np.int64)


def _read_attach(attach: Attach | None, whole: Part) -> list[int]:
    if attach is None:
        return []
    words = attach.split(",") if isinstance(attach, str) else np.atleast_1d(np.asarray(attach)).tolist()
    texts = [str(word).strip() for word in words]
    if not texts or not all(text.isascii() and text.isdecimal() for text in texts):
        raise InputError(f"--attach {attach!r} is no list of atoms; give their numbers in the file, as 3,7")
    labels = [int(text) for text in texts]
    for label in labels:
        _require_attachable(label, whole)
        if labels.count(label) > 1:
            raise InputError(
                f"--attach names atom {label} twice; give each atom once (it may still gain several bonds)"
            )
    return labels


def _require_attachable(label: int, whole: Part) -> None:
    heavy = whole.labels[whole.molecule.numbers > 1].tolist()
    if label in heavy:
        return
    number = dict(zip(whole.labels.tolist(), whole.molecule.numbers.tolist(), strict=True)).get(label)
    what = {None: "is not in the scaffold", 0: "is a dummy", 1: "is a hydrogen"}[number]
    raise InputError(f"--attach: atom {label} {what}; name one of its heavy atoms: {_listed(heavy)}")


def _listed(labels: Sequence[int]) -> str:
    shown = ", ".join(map(str, labels[:20]))
    return f"{shown} ... {labels[-1]}" if len(labels) > 20 else shown


def _beside_dummies(whole: Part) -> list[int]:
    dummies = whole.molecule.numbers == 0
    return whole.labels[whole.beside(dummies) & (whole.molecule.numbers > 1)].tolist()


def _filled(part: Part, named: set[int]) -> Part:
    """Give atoms that are not named the hydrogens that they lack, placed by RDKit."""
    lacking = (missing_orders(part.molecule) > 0) & ~np.isin(part.labels, sorted(named))
    rows = np.flatnonzero(lacking).tolist()
    if not rows:
        return part
    old = part.molecule
    assert old.bonds is not None and old.charges is not None
    graph = raw_graph(old.numbers.tolist(), old.bonds.tolist(), old.charges.tolist())
    conformer = Chem.Conformer(old.num_atoms)
    for index, place in enumerate(old.pos.tolist()):
        conformer.SetAtomPosition(index, Point3D(*place))
    graph.AddConformer(conformer)
    for row in rows:
        graph.GetAtomWithIdx(row).SetNoImplicit(False)
    problem = sanitise(graph)
    if problem is not None:
        raise InputError(f"--scaffold: hydrogens cannot be added, {problem}; add them in the file")
    full = Chem.AddHs(graph, addCoords=True, onlyOnAtoms=rows)
    added = range(old.num_atoms, full.GetNumAtoms())
    links = [[full.GetAtomWithIdx(h).GetNeighbors()[0].GetIdx(), h, 1] for h in added]
    new = replace(
        old,
        numbers=np.append(old.numbers, np.ones(len(added), dtype=np.int64)),
        pos=full.GetConformer().GetPositions(),
        bonds=np.concatenate([old.bonds, np.array(links, dtype=np.int64).reshape(-1, 3)]),
        charges=np.append(old.charges, np.zeros(len(added), dtype=np.int64)),
    )
    return replace(part, molecule=new, labels=np.append(part.labels, np.zeros(len(added), dtype=np.int64)))


def _opened(part: Part, named: list[int]) -> Part:
    """Take one hydrogen from each named atom that has no open valence."""
    missing = missing_orders(part.molecule)
    kept = np.ones(part.molecule.num_atoms, dtype=bool)
    for label in named:
        row = int(np.flatnonzero(part.labels == label)[0])
        if missing[row]:
            continue
        hydrogens = np.flatnonzero((part.orders[row] > 0) & (part.molecule.numbers == 1))
        if not len(hydrogens):
            loose = (missing > 0) | part.beside(part.molecule.numbers == 1)
            can = part.labels[loose & (part.molecule.numbers > 1) & (part.labels > 0)].tolist()
            raise InputError(
                f"--attach: atom {label} ({symbol(int(part.molecule.numbers[row]))}) has neither a hydrogen "
                f"to give up nor an open valence; atoms that can grow: {_listed(can) or 'none'}"
            )
        kept[_outermost(part, row, hydrogens)] = False
    return part.keep(kept)


def _outermost(part: Part, row: int, hydrogens: NDArray[np.int64]) -> int:
    """The hydrogen nearest to the other pieces or, in a single piece, farthest from its other atoms."""
    piece = pieces(part.molecule)
    other = piece != piece[row]
    sign = 1.0 if other.any() else -1.0
    if not other.any():
        other = np.ones(len(piece), dtype=bool)
        other[[row, *hydrogens]] = False
    if not other.any():
        return int(hydrogens[0])
    pos = part.molecule.pos
    distances = np.linalg.norm(pos[hydrogens][:, None] - pos[other], axis=-1).mean(axis=1)
    return int(hydrogens[(sign * distances).argmin()])


def _opened_anywhere(part: Part) -> Part:
    """Leave a scaffold with open valences as it is; take all hydrogens from heavy atoms of any other."""
    if missing_orders(part.molecule).any():
        return part
    heavy = part.molecule.numbers > 1
    return part.keep(heavy | ~part.beside(heavy))


def _require_joinable(scaffold: Scaffold) -> None:
    """Refuse a scaffold of which a piece cannot grow, so that no molecule can hold all of it."""
    piece = pieces(scaffold.molecule)
    for number in range(piece.max() + 1):
        inside = piece == number
        if not (inside & scaffold.open).any():
            labels = scaffold.part.labels[inside & (scaffold.part.labels > 0)].tolist()
            raise InputError(
                f"--scaffold: the piece of atoms {_listed(labels)} has no atom that can grow (all are "
                "closed or saturated); mark one in each piece with --attach or a dummy atom"
            )
