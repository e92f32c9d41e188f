"""Connectivity: a valid molecule in one piece. Validity alone is silent about fragments."""

from __future__ import annotations

from molgen.chem.molecule import Molecule


def check_connectivity(molecule: Molecule, max_fragments: int) -> dict[str, bool | int]:
    """Ask whether a molecule is valid and has few enough fragments.

    Args:
        molecule: Molecule with bonds.
        max_fragments: Largest accepted number of connected components.

    Returns:
        ``num_fragments`` (0 where there is no bond graph) and ``connected``.
    """
    connected = molecule.smiles is not None and molecule.num_fragments <= max_fragments
    return {"num_fragments": molecule.num_fragments, "connected": connected}
