"""Radicals: unpaired electrons of a valid molecule.

No hydrogen is implied, so a missing one leaves a radical, which sanitising alone does not object to.
"""

from __future__ import annotations

from molgen.chem.graph import unpaired_electrons
from molgen.chem.molecule import Molecule


def check_radicals(molecule: Molecule, max_radical_electrons: int) -> dict[str, bool | int | None]:
    """Ask whether a molecule is valid and has few enough radical electrons, as RDKit counts them.

    Args:
        molecule: Molecule with bonds.
        max_radical_electrons: Largest accepted number of radical electrons.

    Returns:
        ``num_radical_electrons`` (``None`` where RDKit does not sanitise it) and ``closed_shell``.
    """
    if molecule.mol is None:
        return {"num_radical_electrons": None, "closed_shell": False}
    electrons = unpaired_electrons(molecule.mol)
    return {"num_radical_electrons": electrons, "closed_shell": electrons <= max_radical_electrons}
