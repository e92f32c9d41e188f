"""Atom and molecule stability of the edm protocol (Hoogeboom et al., ICML 2022, appendix)."""

from __future__ import annotations

import numpy as np

from molgen.chem.molecule import Molecule
from molgen.chem.tables import MAX_ATOMIC_NUMBER, edm_valence_array

_VALENCES = edm_valence_array()


def check_edm_stability(molecule: Molecule) -> dict[str, bool | int]:
    """Compare each atom's summed bond order with the one valence its element has.

    Args:
        molecule: Molecule with perceived bonds; without bonds no atom is stable.

    Returns:
        ``num_atoms``; ``stable_atoms``, how many sums agree; ``stable``, whether there are atoms and all do.
        Elements without an edm valence are never stable.
    """
    total = np.zeros(molecule.num_atoms, dtype=np.int64)
    if molecule.bonds is not None:
        np.add.at(total, molecule.bonds[:, :2], molecule.bonds[:, 2:])
    valences = _VALENCES[np.clip(molecule.numbers, 0, MAX_ATOMIC_NUMBER)]
    stable_atoms = int((total == valences).sum())
    stable = molecule.num_atoms > 0 and stable_atoms == molecule.num_atoms
    return {"num_atoms": molecule.num_atoms, "stable_atoms": stable_atoms, "stable": stable}
