"""Molecule: what a user holds in the hand, good or bad, and the reason when it is bad.

A molecule is its arrays. Whether chemistry agrees with them is found on demand and never raised: a
generator's failures are results, and every one stays a row with a reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rdkit import Chem
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from molgen.chem.graph import (
    bond_problem,
    constitution_smiles,
    graph_arrays,
    heavy_graph,
    raw_graph,
    sanitise,
)
from molgen.chem.origin import UNLABELLED, Origin
from molgen.chem.tables import MAX_ATOMIC_NUMBER, symbol
from molgen.core.errors import InputError

FieldValue = str | float | int
"""A data field of a record, as an SDF can hold it."""


@dataclass(frozen=True, eq=False, repr=False)
class Molecule:
    """Atoms in space, with bonds where they are known. Hydrogens are explicit; none is implied.

    Attributes:
        numbers: ``(n,)`` int64 atomic numbers; 0 marks an element that could not be recognised.
        pos: ``(n, 3)`` float64 coordinates, angstrom.
        bonds: ``(m, 3)`` int64 rows ``(i, j, order)``, kekulised orders 1, 2, 3, each pair once; ``None``
            when bonds are not known yet (see :func:`molgen.chem.bonds.perceive_bonds`).
        charges: ``(n,)`` int64 formal charges in elementary charges, or ``None`` for all zero.
        defect: A reason, known beforehand, why this is no molecule (an unreadable record, say).
        record: Further data fields, as read from or written to a file.
        origin: What its source says beyond the arrays.

    Raises:
        InputError: The arrays' shapes do not agree with each other.
    """

    numbers: NDArray[np.int64]
    pos: NDArray[np.float64]
    bonds: NDArray[np.int64] | None = None
    charges: NDArray[np.int64] | None = None
    defect: str | None = None
    record: Mapping[str, FieldValue] = field(default_factory=dict)
    origin: Origin = UNLABELLED

    def __post_init__(self) -> None:
        """Bring arrays to their types, read-only, and check their shapes."""
        atoms = _frozen(self, "numbers", self.numbers, np.int64).size
        wrong = {"numbers"} if self.numbers.ndim != 1 else set()
        if _frozen(self, "pos", self.pos, np.float64).shape != (atoms, 3):
            wrong.add("pos")
        if self.bonds is not None and _frozen(self, "bonds", self.bonds, np.int64).shape[1:] != (3,):
            wrong.add("bonds")
        if self.charges is not None and _frozen(self, "charges", self.charges, np.int64).shape != (atoms,):
            wrong.add("charges")
        if wrong:
            shapes = {name: getattr(self, name).shape for name in sorted(wrong)}
            raise InputError(
                f"a molecule of {atoms} atoms was given arrays of shape {shapes}; "
                "give numbers (n,), pos (n, 3), bonds (m, 3) and charges (n,)"
            )

    @classmethod
    def from_mol(cls, mol: Chem.Mol, record: Mapping[str, FieldValue] | None = None) -> Molecule:
        """Take atoms, kekulised bonds, charges and the first conformer of an RDKit molecule.

        Args:
            mol: Molecule with explicit hydrogens and a conformer; need not be sanitised.
            record: Data fields to keep with it.

        Raises:
            InputError: The molecule has atoms but no conformer.
        """
        numbers, bonds, charges = graph_arrays(mol)
        if len(numbers) and not mol.GetNumConformers():
            raise InputError(
                f"an RDKit molecule of {len(numbers)} atoms has no conformer; embed it first "
                "(rdkit.Chem.AllChem.EmbedMolecule) to give it coordinates"
            )
        pos = mol.GetConformer().GetPositions() if len(numbers) else np.zeros((0, 3))
        return cls(numbers, pos, bonds, charges, record=dict(record or {}), origin=Origin.of(mol))

    @property
    def num_atoms(self) -> int:
        """Number of atoms ``n``."""
        return len(self.numbers)

    @property
    def failure(self) -> str | None:
        """Why this is no valid molecule, in words, or ``None`` if nothing speaks against it."""
        return self.atom_failure or self._graph[1]

    @cached_property
    def mol(self) -> Chem.Mol | None:
        """Sanitised RDKit molecule with conformer and its stereochemistry; ``None`` if failed or unbonded."""
        graph = self._valid_graph
        if graph is None:
            return None
        mol = Chem.Mol(graph)
        conformer = Chem.Conformer(self.num_atoms)
        conformer.SetPositions(np.array(self.pos))
        mol.AddConformer(conformer)
        Chem.AssignStereochemistryFrom3D(mol)
        return mol

    @cached_property
    def smiles(self) -> str | None:
        """Canonical SMILES of all fragments, or ``None`` if failed or unbonded.

        It names the constitution, as published metrics do; stereochemistry is in :attr:`mol`.
        """
        graph = self._valid_graph
        if graph is None:
            return None
        return constitution_smiles(graph)

    @cached_property
    def num_fragments(self) -> int:
        """Number of connected components of the bond graph; 0 when there is no graph."""
        graph, _ = self._graph
        return 0 if graph is None else len(Chem.GetMolFrags(graph))

    @property
    def formula(self) -> str:
        """Molecular formula in Hill order, with the total charge; failed molecules have one too."""
        counts = Counter(symbol(int(z)) for z in self.numbers)
        first = [e for e in ("C", "H") if e in counts] if "C" in counts else []
        rest = sorted(set(counts) - set(first))
        text = "".join(e + (str(counts[e]) if counts[e] > 1 else "") for e in first + rest)
        total = 0 if self.charges is None else int(self.charges.sum())
        sign = "+" if total > 0 else "-"
        return text + (sign + (str(abs(total)) if abs(total) > 1 else "") if total else "")

    def to_xyz(self, comment: str | None = None) -> str:
        """Return one XYZ frame, coordinates in angstrom.

        Args:
            comment: Second line; by default the SMILES, or the failure.
        """
        if comment is None:
            comment = self.failure or self.smiles or ""
        rows = [
            f"{symbol(int(z)):<2} {x:.6f} {y:.6f} {w:.6f}"
            for z, (x, y, w) in zip(self.numbers, self.pos.tolist(), strict=True)
        ]
        return "\n".join([str(self.num_atoms), " ".join(comment.split()), *rows]) + "\n"

    @cached_property
    def atom_failure(self) -> str | None:
        """What is wrong with the atoms themselves, before any bond is looked at, or ``None``."""
        if self.defect is not None:
            return self.defect
        if not self.num_atoms:
            return "it has no atoms"
        unknown = np.flatnonzero((self.numbers < 1) | (self.numbers > MAX_ATOMIC_NUMBER))
        if len(unknown):
            return f"atom {unknown[0] + 1} is of no known element (atomic number {self.numbers[unknown[0]]})"
        bad = np.flatnonzero(~np.isfinite(self.pos).all(axis=1))
        if len(bad):
            return f"{len(bad)} of {self.num_atoms} atoms have coordinates that are not finite"
        return None

    @cached_property
    def _graph(self) -> tuple[Chem.Mol | None, str | None]:
        """The bond graph, and why it could not be built or sanitised; nothing without bonds or elements."""
        known = (self.numbers >= 1) & (self.numbers <= MAX_ATOMIC_NUMBER)
        if self.bonds is None or not known.all():
            return None, None
        bonds = self.bonds.tolist()
        problem = bond_problem(self.num_atoms, bonds)
        if problem is not None:
            return None, problem
        charges = None if self.charges is None else self.charges.tolist()
        graph = raw_graph(self.numbers.tolist(), bonds, charges)
        return graph, sanitise(graph)

    @property
    def _valid_graph(self) -> Chem.Mol | None:
        return self._graph[0] if self.failure is None else None

    def __repr__(self) -> str:
        """One line: the formula, and the SMILES or the failure."""
        if self.failure is not None:
            return f"Molecule({self.formula!r}, failure={self.failure!r})"
        return f"Molecule({self.formula!r}, smiles={self.smiles!r})"

    def _repr_svg_(self) -> str | None:
        """Depiction for notebooks; ``None`` (plain text is shown) for a failed molecule."""
        graph = self._valid_graph
        if graph is None:
            return None
        flat = heavy_graph(graph)
        rdDepictor.Compute2DCoords(flat)
        drawing = rdMolDraw2D.MolDraw2DSVG(260, 200)
        rdMolDraw2D.PrepareAndDrawMolecule(drawing, flat)
        drawing.FinishDrawing()
        return str(drawing.GetDrawingText())


def _frozen(molecule: Molecule, name: str, values: ArrayLike, dtype: type) -> NDArray[Any]:
    """Store a read-only view of ``values`` on a frozen molecule and return it."""
    array: NDArray[Any] = np.asarray(values, dtype=dtype).view()
    array.flags.writeable = False
    object.__setattr__(molecule, name, array)
    return array
