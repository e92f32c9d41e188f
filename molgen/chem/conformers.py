"""From SMILES to one structure in space, for people whose molecules have no coordinates yet.

Distance geometry with torsion knowledge (ETKDGv3; Riniker and Landrum, J. Chem. Inf. Model. 2015), relaxed in
the MMFF94 force field (Halgren, J. Comput. Chem. 1996). Such geometries are force-field geometries: a model
trained on them draws no better ones.
"""

from __future__ import annotations

from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from molgen.chem.damage import unread
from molgen.chem.molecule import Molecule

SMILES_SUFFIXES = (".smi", ".smiles", ".txt")
"""Files with one SMILES at the start of each line, and perhaps a name behind it."""
RELAXATION_STEPS = 2000


def embed(smiles: str, seed: int = 0) -> Molecule:
    """Place a molecule in space, hydrogens included.

    Args:
        smiles: What to place; text behind the first blank or tab becomes the data field ``name``.
        seed: Seed of the starting distances; the same seed gives the same structure.

    Returns:
        Kekulised bonds, formal charges and coordinates in angstrom; the data field ``geometry`` is
        ``mmff94``, or ``etkdg`` where the force field lacks parameters. What cannot be read or placed
        has a failure.
    """
    word, name = (*smiles.strip().split(None, 1), "", "")[:2]
    with rdBase.BlockLogs():
        graph = Chem.MolFromSmiles(word)
        if graph is None:
            return unread(f"{word!r} is no SMILES that RDKit reads; give one a line, then a blank and a name")
        mol = Chem.AddHs(graph)
        parameters = rdDistGeom.ETKDGv3()
        # RDKit's generator takes the seeds 0 and 1 for the same.
        parameters.randomSeed = seed + 1  # type: ignore[assignment]
        if rdDistGeom.EmbedMolecule(mol, parameters) < 0:
            return unread(f"no structure in space was found for {word!r}")
        relaxed = rdForceFieldHelpers.MMFFOptimizeMolecule(mol, maxIters=RELAXATION_STEPS) >= 0
    record = {"geometry": "mmff94" if relaxed else "etkdg"}
    return Molecule.from_mol(mol, record | ({"name": name.strip()} if name.strip() else {}))
