"""Atom and molecule stability by a molecule's own kekulised bonds and formal charges.

An atom of charge +1 has other bonds than a neutral one, which the edm rule cannot see. Orders are whole
numbers: aromatic bonds reach this check kekulised, or not at all.
"""

from __future__ import annotations

import numpy as np

from molgen.chem.graph import bond_problem
from molgen.chem.molecule import Molecule
from molgen.chem.tables import allowed_orders


def check_bonded_stability(molecule: Molecule) -> dict[str, bool | int | None]:
    """Compare each atom's summed bond order with those allowed for its element and formal charge.

    Args:
        molecule: Molecule with bonds. Without bonds that form a graph of orders 1, 2, 3, or with coordinates
            that are not finite, no atom is stable.

    Returns:
        ``num_atoms``; ``stable_atoms``, how many sums are allowed; ``uncomputable_atoms``, how many are of
        elements without valences; ``stable``: whether there are atoms and all are stable, ``None`` where
        nothing but such elements speaks against it.
    """
    verdicts = _atom_verdicts(molecule)
    unknown = verdicts.count(None)
    stable = None if unknown and False not in verdicts else bool(verdicts) and all(verdicts)
    return {
        "num_atoms": molecule.num_atoms,
        "stable_atoms": verdicts.count(True),
        "uncomputable_atoms": unknown,
        "stable": stable,
    }


def _atom_verdicts(molecule: Molecule) -> list[bool | None]:
    """Say for each atom whether it is stable; ``None`` for an element without valences."""
    atoms = molecule.num_atoms
    charges = [0] * atoms if molecule.charges is None else molecule.charges.tolist()
    allowed = [allowed_orders(z, q) for z, q in zip(molecule.numbers.tolist(), charges, strict=True)]
    no_graph = molecule.bonds is None or bond_problem(atoms, molecule.bonds.tolist()) is not None
    if no_graph or molecule.defect is not None or not np.isfinite(molecule.pos).all():
        return [None if orders is None else False for orders in allowed]
    assert molecule.bonds is not None
    total = np.zeros(atoms, dtype=np.int64)
    np.add.at(total, molecule.bonds[:, :2], molecule.bonds[:, 2:])
    return [None if ok is None else order in ok for ok, order in zip(allowed, total.tolist(), strict=True)]
