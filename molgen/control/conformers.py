"""``--smiles``: a graph is given, positions are drawn; and what makes a structure of a graph usable.

Coverage and matching are those of Xu et al., "Learning Neural Generative Dynamics for Molecular Conformation
Generation" (ICLR 2021).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from rdkit import Chem, rdBase
from rdkit.Chem import rdMolAlign

from molgen.chem.descriptors import describe
from molgen.chem.encode import encode
from molgen.chem.graph import constitution, graph_arrays
from molgen.chem.molecule import Molecule
from molgen.chem.origin import isotope_objection
from molgen.chem.sides import stereo_sides
from molgen.chem.stereo import Stereo
from molgen.chem.tables import symbol
from molgen.control.geometry import broken_geometry
from molgen.control.request import Draw, Request, Setting, require_bonds
from molgen.core.errors import InputError
from molgen.core.handedness import Handedness
from molgen.core.tasks import Given, GivenFields

GRAPH = ("atom", "charge", "bond")
"""Fields that a graph gives."""
SIZE_MARGIN = 1.2
"""How many times as many atoms as the largest training molecule a graph may have; chains are still drawn well
there, ring systems of many heavy atoms break."""


class ConformerRequest(Request):
    """Structures in space of one molecule, with the stereochemistry that its SMILES specifies.

    Args:
        smiles: The molecule; hydrogens need not be written.

    Raises:
        InputError: It is not the SMILES of one molecule with all electrons paired.
    """

    def __init__(self, smiles: str) -> None:
        self.smiles = smiles
        mol = read_smiles(smiles)
        numbers, bonds, charges = graph_arrays(mol)
        self.graph = Molecule(numbers, np.zeros((len(numbers), 3)), bonds, charges)
        self.stereo = Stereo(mol)
        self.sides = stereo_sides(mol)
        if self.graph.failure is not None:
            raise InputError(f"--smiles {smiles!r} cannot be drawn: {self.graph.failure}; write it otherwise")

    def check(self, setting: Setting) -> None:
        """See base."""
        require_bonds(setting, "--smiles")
        problem = foreign(self.graph, setting)
        if problem is not None:
            raise InputError(f"--smiles {self.smiles!r}: {problem}")

    def properties(self) -> Mapping[str, float]:
        """Descriptors, which the graph fixes."""
        return {} if self.graph.mol is None else describe(self.graph.mol)

    def given(self, draw: Draw) -> Given:
        """See base."""
        given = graph_given([self.graph] * draw.count, draw.setting, draw.generator)
        if not self.sides:
            return given
        return replace(given, hands=Handedness.of([self.sides] * draw.count, self.graph.num_atoms))

    def finish(self, molecule: Molecule) -> Molecule:
        """Return the mirror image where that alone has the stereochemistry that is asked for."""
        return self.stereo.towards(molecule)

    def objection(self, molecule: Molecule) -> str | None:
        """See base."""
        if molecule.smiles != self.graph.smiles:
            return f"it is {molecule.smiles}, not {self.graph.smiles}"
        return broken_geometry(molecule) or self.stereo.objection(molecule)


def graph_given(
    molecules: Sequence[Molecule], setting: Setting, generator: torch.Generator, start: float = 1.0
) -> Given:
    """Graphs are given, positions are drawn.

    Args:
        molecules: At least one, with bonds, in the model's alphabet; coordinates matter where ``start < 1``.
        setting: The model.
        generator: Source of randomness, on the CPU.
        start: Time at which positions start.
    """
    batch = encode(molecules, setting.vocab, [name for name in setting.fields if name != "pos"])
    return Given(batch, GivenFields(list(GRAPH)).free(batch, generator), start)


def read_smiles(smiles: str) -> Chem.Mol:
    """Read one molecule and add its hydrogens.

    Raises:
        InputError: It cannot be read, is several molecules, a radical or labelled with isotopes.
    """
    with rdBase.BlockLogs():
        mol = None if len(smiles.split()) != 1 else Chem.MolFromSmiles(smiles.strip())
    if mol is None or not mol.GetNumAtoms():
        raise InputError(
            f"--smiles {smiles!r} is no SMILES that RDKit reads; give one molecule, as 'CC(=O)Oc1ccccc1'"
        )
    parts = len(Chem.GetMolFrags(mol))
    if parts > 1:
        raise InputError(f"--smiles {smiles!r} is {parts} molecules; give one of them, without a dot")
    for atom in mol.GetAtoms():
        where = f"--smiles {smiles!r}: atom {atom.GetIdx() + 1}, {atom.GetSymbol()},"
        if atom.GetNumRadicalElectrons():
            raise InputError(f"{where} is a radical; give it the hydrogens or the charge that it lacks")
    labelled = isotope_objection(mol)
    if labelled is not None:
        raise InputError(f"--smiles {smiles!r}: {labelled}")
    return Chem.AddHs(mol)


def foreign(molecule: Molecule, setting: Setting) -> str | None:
    """Say why a model cannot draw positions of a graph: its elements, charges or size; or ``None``."""
    vocab, name = setting.vocab, setting.checkpoint
    elements = {symbol(int(z)): None for z in molecule.numbers}
    unknown = [e for e in elements if e not in vocab.elements]
    if unknown:
        known = ", ".join(vocab.elements)
        return f"the checkpoint {name!r} does not know {', '.join(unknown)}; it knows {known}"
    charges = [] if molecule.charges is None else sorted(set(molecule.charges.tolist()) - {*vocab.charges})
    if charges:
        known = ", ".join(f"{c:+d}" if c else "0" for c in sorted(vocab.charges))
        return f"the checkpoint {name!r} does not know an atom of charge {charges[0]:+d}; it knows {known}"
    largest = int(setting.statistics.sizes.sizes.max())
    if molecule.num_atoms > SIZE_MARGIN * largest:
        return (
            f"it has {molecule.num_atoms} atoms, hydrogens included; the checkpoint {name!r} learnt from "
            f"molecules of at most {largest} and is asked for at most {int(SIZE_MARGIN * largest)}"
        )
    return None


@dataclass(frozen=True)
class Recall:
    """How well drawn conformers find reference conformers of the same graph.

    Attributes:
        coverage: Share of references that a drawn one comes close to.
        matching: Mean over references of the distance to the nearest drawn one, angstrom; infinite where
            no drawn one is valid.
    """

    coverage: float
    matching: float


def recall(drawn: Sequence[Molecule], references: Sequence[Molecule], threshold: float = 0.5) -> Recall:
    """Compare heavy atoms, superposed as well as the symmetries of the graph allow.

    Args:
        drawn: Conformers of one graph; failed ones are near nothing.
        references: At least one valid conformer of the same graph.
        threshold: Root mean square distance that is close, angstrom; 0.5 is customary for QM9's sizes.

    Raises:
        InputError: There is no reference, or one is not valid.
    """
    targets = [constitution(m.mol) for m in references if m.mol is not None]
    if not targets or len(targets) < len(references):
        raise InputError("recall needs valid reference conformers, at least one; leave failed ones out")
    found = [constitution(m.mol) for m in drawn if m.mol is not None]
    nearest = [min((rdMolAlign.GetBestRMS(f, t) for f in found), default=np.inf) for t in targets]
    return Recall(float(np.mean(np.array(nearest) <= threshold)), float(np.mean(nearest)))
