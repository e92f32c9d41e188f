"""Relaxation by GFN2-xTB (Bannwarth, Ehlert and Grimme, J. Chem. Theory Comput. 2019), a near-DFT judge.

The energy that is released is the strain that a generated structure held; structures of density functional
theory release about one kcal/mol. tblite computes energies and forces, ASE walks downhill.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any

from molgen.chem.graph import unpaired_electrons
from molgen.chem.molecule import Molecule
from molgen.evaluation.optional_library import optional_library
from molgen.evaluation.relaxation import Relaxation
from molgen.evaluation.suitability import no_molecule, not_computable


def check_xtb_relaxation(
    molecule: Molecule, max_force: float, max_steps: int, max_atoms: int
) -> dict[str, bool | float | str | None]:
    """Relax a molecule with LBFGS and report what it released.

    The total charge is the sum of the formal charges. As many electrons are unpaired as the bonds leave
    radicals, so two radical centres make a triplet; where that contradicts the number of electrons, as
    for many metals, nothing is computed.

    Args:
        molecule: Molecule with bonds.
        max_force: Force on every atom below which it is relaxed, eV/angstrom.
        max_steps: Largest number of steps.
        max_atoms: Largest molecule that is relaxed.

    Returns:
        ``xtb_energy`` (released, kcal/mol), ``xtb_rmsd`` (heavy atoms, angstrom), ``xtb_converged``, all
        ``None`` where they cannot be computed; ``xtb_problem``, the reason, or ``None``.

    Raises:
        ConfigError: tblite or ASE is not installed.
    """
    _require_libraries()
    problem = not_computable(molecule, max_atoms) or no_molecule(molecule)
    problem = problem or _open_shell_problem(molecule)
    relaxation = (
        Relaxation.impossible(problem) if problem is not None else _relax(molecule, max_force, max_steps)
    )
    return relaxation.columns("xtb")


def _relax(molecule: Molecule, max_force: float, max_steps: int) -> Relaxation:
    from ase.calculators.calculator import CalculatorError
    from ase.optimize import LBFGS
    from ase.units import kcal, mol

    atoms = _atoms(molecule)
    try:
        before = atoms.get_potential_energy()
        converged = LBFGS(atoms, logfile=None).run(fmax=max_force, steps=max_steps)
        after = atoms.get_potential_energy()
    except CalculatorError as error:
        return Relaxation.impossible(f"GFN2-xTB breaks off: {error}")
    return Relaxation.of(molecule, atoms.positions, (before - after) * mol / kcal, bool(converged))


def _atoms(molecule: Molecule) -> Any:  # noqa: ANN401 - ase.Atoms, whose types are not to be had
    from ase import Atoms
    from tblite.ase import TBLite

    atoms = Atoms(numbers=molecule.numbers, positions=molecule.pos)
    atoms.calc = TBLite(
        method="GFN2-xTB",
        charge=_total_charge(molecule),
        multiplicity=_unpaired_electrons(molecule) + 1,
        verbosity=0,
    )
    return atoms


def _total_charge(molecule: Molecule) -> int:
    return 0 if molecule.charges is None else int(molecule.charges.sum())


def _unpaired_electrons(molecule: Molecule) -> int:
    assert molecule.mol is not None
    return unpaired_electrons(molecule.mol)


def _open_shell_problem(molecule: Molecule) -> str | None:
    electrons = int(molecule.numbers.sum()) - _total_charge(molecule)
    unpaired = _unpaired_electrons(molecule)
    if electrons < unpaired or (electrons - unpaired) % 2:
        return f"its bonds leave {unpaired} electrons unpaired, which {electrons} electrons cannot be"
    return None


@cache
def _require_libraries() -> None:
    """Import tblite and ASE, once, with tblite's threads set to one.

    Raises:
        ConfigError: One of them is not installed.
    """
    with optional_library("the check 'xtb_relaxation'", "eval"), _one_thread():
        for library in ("ase.optimize", "tblite.ase"):
            import_module(library)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Have libraries that are loaded inside use one thread.

    Molecules are too small to gain from more, and threads of several processes fight for the cores.
    """
    name = "OMP_NUM_THREADS"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
