"""Which molecules a physical check can be asked about, and why not the others.

What has no known elements, is too large, or ended the process that judged it is not computable: a third
answer beside pass and fail. What is no molecule at all has failed.
"""

from __future__ import annotations

from molgen.chem.molecule import Molecule
from molgen.chem.tables import MAX_ATOMIC_NUMBER

NOT_JUDGED = "not judged"
"""How the defect begins of what is left of a molecule that could not be judged, see :mod:`~.isolation`."""


def not_computable(molecule: Molecule, max_atoms: int) -> str | None:
    """Say why nothing can be said of a molecule, or ``None``.

    Args:
        molecule: Any molecule.
        max_atoms: Largest molecule that is looked at.
    """
    if molecule.defect is not None and molecule.defect.startswith(NOT_JUDGED):
        return molecule.defect
    if molecule.num_atoms > max_atoms:
        return f"it has {molecule.num_atoms} atoms; at most {max_atoms} are looked at"
    known = (molecule.numbers >= 1) & (molecule.numbers <= MAX_ATOMIC_NUMBER)
    return None if known.all() else molecule.failure


def no_molecule(molecule: Molecule) -> str | None:
    """Say why there is no sanitised molecule with bonds, or ``None``."""
    if molecule.failure is None and molecule.bonds is None:
        return "its bonds are not known"
    return molecule.failure
