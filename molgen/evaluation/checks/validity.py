"""Validity: RDKit sanitises the molecule; its name is the SMILES of its largest fragment."""

from __future__ import annotations

from molgen.chem.identity import largest_fragment_smiles
from molgen.chem.molecule import Molecule


def check_validity(molecule: Molecule) -> dict[str, bool | str | None]:
    """Ask whether a molecule has bonds and atoms that RDKit sanitises.

    Args:
        molecule: Molecule with bonds; one whose bonds are unknown is not valid.

    Returns:
        ``valid``; ``smiles`` of the largest fragment, or ``None``; ``failure``, the reason, or ``None``.
    """
    smiles = largest_fragment_smiles(molecule)
    failure = molecule.failure
    if smiles is None and failure is None:
        failure = "its bonds are not known"
    return {"valid": smiles is not None, "smiles": smiles, "failure": failure}
