"""Relaxation in the MMFF94 force field (Halgren, J. Comput. Chem. 1996), as RDKit has it.

Quick, but a force field: structures of density functional theory release several kcal/mol in it, so a figure
means something only beside that of the reference data. :mod:`~molgen.evaluation.checks.xtb_relaxation` is the
better judge.
"""

from __future__ import annotations

from rdkit import Chem, rdBase
from rdkit.Chem import rdForceFieldHelpers

from molgen.chem.molecule import Molecule
from molgen.evaluation.relaxation import Relaxation
from molgen.evaluation.suitability import no_molecule, not_computable


def check_mmff_relaxation(
    molecule: Molecule, max_steps: int, max_atoms: int
) -> dict[str, bool | float | str | None]:
    """Relax a molecule and report what it released.

    Args:
        molecule: Molecule with bonds.
        max_steps: Largest number of minimisation steps.
        max_atoms: Largest molecule that is relaxed.

    Returns:
        ``mmff_energy`` (released, kcal/mol), ``mmff_rmsd`` (heavy atoms, angstrom), ``mmff_converged``, all
        ``None`` where they cannot be computed; ``mmff_problem``, the reason, or ``None``.
    """
    problem = not_computable(molecule, max_atoms) or no_molecule(molecule)
    relaxation = Relaxation.impossible(problem) if problem is not None else _relax(molecule, max_steps)
    return relaxation.columns("mmff")


def _relax(molecule: Molecule, max_steps: int) -> Relaxation:
    assert molecule.mol is not None
    mol = Chem.Mol(molecule.mol)
    try:
        with rdBase.BlockLogs():
            properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(mol, mmffVariant="MMFF94")
            if properties is None:
                return Relaxation.impossible("MMFF94 has no parameters for it")
            field = rdForceFieldHelpers.MMFFGetMoleculeForceField(
                mol, properties, ignoreInterfragInteractions=False
            )
            before = field.CalcEnergy()
            unfinished = field.Minimize(maxIts=max_steps)
            after = field.CalcEnergy()
    except RuntimeError as error:
        return Relaxation.impossible(f"MMFF94 breaks off: {error}")
    relaxed = mol.GetConformer().GetPositions()
    return Relaxation.of(molecule, relaxed, before - after, not unfinished)
