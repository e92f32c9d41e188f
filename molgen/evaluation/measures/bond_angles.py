"""Bond angles by the type of the atom at the centre, degrees."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from molgen.chem.molecule import Molecule
from molgen.evaluation.measures.bond_kinds import by_kind, neighbours


def measure_bond_angles(molecule: Molecule) -> dict[str, list[float]]:
    """Measure the angle of every pair of bonds that share an atom in a valid molecule.

    Args:
        molecule: Any molecule; one that is not valid has no angles.

    Returns:
        Element and hybridisation of the atom at the centre, as RDKit perceives it (``C sp3``, ``N sp2``),
        to angles in [0, 180] degrees.
    """
    mol = molecule.mol
    if mol is None:
        return {}
    triples, kinds = [], []
    for centre, around in enumerate(neighbours(mol)):
        if len(around) < 2:
            continue
        atom = mol.GetAtomWithIdx(centre)
        kind = f"{atom.GetSymbol()} {atom.GetHybridization().name.lower()}"
        for first, second in combinations(around, 2):
            triples.append((first, centre, second))
            kinds.append(kind)
    if not triples:
        return {}
    i, j, k = np.array(triples).T
    with np.errstate(over="ignore", invalid="ignore"):
        a, b = molecule.pos[i] - molecule.pos[j], molecule.pos[k] - molecule.pos[j]
        # By the arc tangent, which is exact near 180 degrees, where the arc cosine loses half of the digits.
        angles = np.arctan2(np.linalg.norm(np.cross(a, b), axis=1), (a * b).sum(axis=1))
    return by_kind(kinds, np.degrees(angles))
