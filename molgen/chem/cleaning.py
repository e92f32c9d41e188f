"""Pentavalent nitrogen and its like, which chemists write in several ways, in the one way of RDKit.

For molecules that users hand in, not for judging: there a file is taken at its word.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from rdkit import Chem, rdBase

from molgen.chem.graph import bond_problem, graph_arrays, raw_graph
from molgen.chem.molecule import Molecule
from molgen.chem.tables import MAX_ATOMIC_NUMBER


def with_charges_separated(molecule: Molecule) -> Molecule:
    """Write nitro groups as ``[N+](=O)[O-]``, and other such groups likewise, as sanitised graphs have them.

    Args:
        molecule: Any; one whose bonds are not known or form no graph comes back as it is. Dummies have the
            number 0.
    """
    known = ((molecule.numbers >= 0) & (molecule.numbers <= MAX_ATOMIC_NUMBER)).all()
    if molecule.bonds is None or not known:
        return molecule
    rows = molecule.bonds.tolist()
    if bond_problem(molecule.num_atoms, rows) is not None:
        return molecule
    before = np.zeros(molecule.num_atoms, dtype=np.int64) if molecule.charges is None else molecule.charges
    graph = raw_graph(molecule.numbers.tolist(), rows, before.tolist())
    with rdBase.BlockLogs():
        Chem.Cleanup(graph)
    _, bonds, charges = graph_arrays(graph)
    if np.array_equal(charges, before) and np.array_equal(bonds, molecule.bonds):
        return molecule
    return replace(molecule, bonds=bonds, charges=charges)
