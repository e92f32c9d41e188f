"""Size: the number of atoms of a molecule, hydrogens included."""

from __future__ import annotations

from molgen.chem.molecule import Molecule


def measure_size(molecule: Molecule) -> dict[str, list[float]]:
    """Count atoms.

    Args:
        molecule: Any molecule.

    Returns:
        ``atoms``: one number, or none for a molecule without atoms.
    """
    return {"atoms": [float(molecule.num_atoms)]} if molecule.num_atoms else {}
