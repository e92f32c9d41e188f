"""Stereochemistry: whether coordinates show the hands and double bonds that a record's SMILES states."""

from __future__ import annotations

from rdkit import Chem, rdBase

from molgen.chem.graph import constitution_smiles
from molgen.chem.molecule import Molecule
from molgen.chem.stereo import Stereo


def check_stereo(molecule: Molecule, field: str) -> dict[str, bool | str | None]:
    """Compare a molecule with the stereochemistry that it is stated to have.

    Args:
        molecule: Molecule with bonds.
        field: Data field of the record that holds the stated SMILES.

    Returns:
        ``stereo_stated``, the SMILES if it specifies anything, else ``None``; ``stereo_as_stated``, ``None``
        where nothing is stated, or the molecule is invalid or of another constitution.
    """
    stated = molecule.record.get(field)
    with rdBase.BlockLogs():
        graph = Chem.MolFromSmiles(str(stated)) if stated else None
    if graph is None or not Stereo(graph).specified:
        return {"stereo_stated": None, "stereo_as_stated": None}
    columns: dict[str, bool | str | None] = {"stereo_stated": Stereo(graph).smiles, "stereo_as_stated": None}
    if molecule.mol is None or constitution_smiles(molecule.mol) != constitution_smiles(graph):
        return columns
    return columns | {"stereo_as_stated": Stereo(graph).shown_by(molecule)}
