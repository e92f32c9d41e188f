"""``--like``: analogues of a molecule, from near-copies to new ones.

Every field of the parent is noised to a time below 1, the strength, and drawn from there: the less noise,
the more of the parent is left (as SDEdit does with pictures; Meng et al., ICLR 2022). Where the sampler keeps
categories ahead, they start at the strength to the power of its lead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from molgen.chem.encode import encode
from molgen.chem.graph import constitution
from molgen.chem.molecule import FieldValue, Molecule
from molgen.control.conformers import foreign
from molgen.control.request import Draw, Request, Setting
from molgen.core.errors import InputError
from molgen.core.tasks import Given

DEFAULT_STRENGTH = 0.5
"""Where, with the joint model of QM9, six analogues of ten differ from their parent and still resemble it."""
RADIUS = 2
"""Bonds from an atom that a Morgan fingerprint looks at."""
BITS = 2048


class AnalogueRequest(Request):
    """Molecules that start as parents with noise, each parent in turn; a parent's size stays.

    An analogue is what was asked if it is valid, in one piece and without unpaired electrons, as parents are.
    How like its parent it is stands in its record, and is what ``strength`` is for: at small strengths many
    are the parent itself, its atoms a little moved, which ``--only unique`` leaves out but once.

    Args:
        parents: Valid connected molecules with all their hydrogens; see
            :func:`molgen.control.parents.read_parents`.
        strength: Time at which they start: near 0 near-copies, 1 new molecules of the parents' sizes. Nothing
            holds a parent's elements, charges and bonds: of one unlike the training data, as a nitro compound
            or an ion with QM9, even small strengths make other molecules.

    Raises:
        InputError: The strength is not in (0, 1], or there is no parent.
    """

    def __init__(self, parents: Sequence[Molecule], strength: float = DEFAULT_STRENGTH) -> None:
        if not 0 < strength <= 1:
            raise InputError(
                f"--strength must be above 0 and at most 1, got {strength:g}: near 0 are copies of the "
                "parent, 1 is a new molecule of its size"
            )
        if not parents:
            raise InputError("analogues need a parent; give at least one molecule with --like")
        self.parents = list(parents)
        self.strength = strength

    def check(self, setting: Setting) -> None:
        """See base."""
        largest = int(setting.statistics.sizes.sizes.max())
        for number, parent in enumerate(self.parents, start=1):
            problem = foreign(parent, setting)
            if parent.num_atoms > largest:
                problem = (
                    f"it has {parent.num_atoms} atoms, hydrogens included; the largest training molecule of "
                    f"the checkpoint {setting.checkpoint!r} has {largest}"
                )
            if problem is not None:
                raise InputError(f"--like, molecule {number}: {problem}; give another molecule or checkpoint")

    def given(self, draw: Draw) -> Given:
        """See base."""
        parents = encode(self.parents, draw.setting.vocab, draw.setting.fields)
        turns = (draw.first + torch.arange(draw.count)) % len(self.parents)
        return Given(parents.take(turns), start=self.strength)

    def finish_row(self, molecule: Molecule, row: int) -> Molecule:
        """Lay an analogue over its parent, and record which that is and how alike they are."""
        parent = self.parents[row % len(self.parents)]
        assert parent.mol is not None and parent.smiles is not None
        record: dict[str, FieldValue] = {"parent": parent.smiles}
        if molecule.mol is not None:
            record["similarity"] = round(similarity(molecule.mol, parent.mol), 4)
        return replace(
            molecule, pos=molecule.pos + parent.pos.mean(axis=0), record={**molecule.record, **record}
        )


def similarity(one: Chem.Mol, other: Chem.Mol) -> float:
    """Tanimoto similarity of Morgan fingerprints, 0 to 1, hydrogens folded in, stereochemistry left out.

    After Rogers and Hahn, J. Chem. Inf. Model. 50, 742 (2010).
    """
    make = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BITS)
    first, second = (make.GetFingerprint(constitution(mol)) for mol in (one, other))
    return float(DataStructs.TanimotoSimilarity(first, second))
