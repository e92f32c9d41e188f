"""Whether coordinates are those of a drawing on paper: one rule for all molecules that users hand in."""

from __future__ import annotations

import numpy as np

from molgen.chem.graph import bond_problem, raw_graph, sanitise, unpaired_electrons
from molgen.chem.molecule import Molecule

_FLAT = 1e-3
"""Angstrom; heights below it are those of a drawing on paper."""


def is_drawing(molecule: Molecule) -> bool:
    """Whether all atoms lie in the paper though the molecule is not flat, or is said to be a drawing.

    Benzene in space may lie there as well. It is a drawing where its SDF record says so (``2D``), or says
    nothing of it and leaves hydrogens out.

    Args:
        molecule: A molecule with bonds and finite coordinates; dummies have the number 0.
    """
    assert molecule.bonds is not None
    if molecule.num_atoms < 2 or np.abs(molecule.pos[:, 2]).max() > _FLAT:
        return False
    if bond_problem(molecule.num_atoms, molecule.bonds.tolist()) is not None:
        return False
    # Four neighbours of an atom are never in one plane.
    if np.bincount(molecule.bonds[:, :2].ravel(), minlength=1).max() > 3:
        return True
    dimension = molecule.origin.dimension
    return dimension == "2D" or (dimension not in (None, "3D") and _lacks_hydrogens(molecule))


def _lacks_hydrogens(molecule: Molecule) -> bool:
    assert molecule.bonds is not None
    bonds = molecule.bonds.tolist()
    if bond_problem(molecule.num_atoms, bonds) is not None:
        return False
    charges = None if molecule.charges is None else molecule.charges.tolist()
    graph = raw_graph(molecule.numbers.tolist(), bonds, charges)
    return sanitise(graph) is None and unpaired_electrons(graph) > 0
