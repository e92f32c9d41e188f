"""Chemistry on plain arrays: molecules, bond perception, batches to molecules and back, files (RDKit)."""

from molgen.chem.bonds import perceive_bonds, perceive_orders
from molgen.chem.decode import decode
from molgen.chem.encode import encode
from molgen.chem.identity import edm_smiles, largest_fragment_smiles
from molgen.chem.io import ACCEPTED_SUFFIXES, iter_molecules, read_molecules, write_molecules
from molgen.chem.molecule import Molecule
from molgen.chem.sdf import mol_block

__all__ = [
    "ACCEPTED_SUFFIXES",
    "Molecule",
    "decode",
    "edm_smiles",
    "encode",
    "iter_molecules",
    "largest_fragment_smiles",
    "mol_block",
    "perceive_bonds",
    "perceive_orders",
    "read_molecules",
    "write_molecules",
]
