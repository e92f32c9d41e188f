"""What every chemist expects of a molecule without saying so: one piece, and all electrons paired."""

from __future__ import annotations

from molgen.chem.graph import unpaired_electrons
from molgen.chem.molecule import Molecule


def not_whole(molecule: Molecule) -> str | None:
    """Say into how many pieces a molecule falls or how many electrons are unpaired, or ``None``."""
    if molecule.num_fragments != 1:
        return f"it falls into {molecule.num_fragments} pieces"
    electrons = 0 if molecule.mol is None else unpaired_electrons(molecule.mol)
    return f"it has {electrons} unpaired electrons" if electrons else None
