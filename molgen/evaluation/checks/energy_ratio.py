"""Energy ratio: how much more strained a structure is than structures of the same graph usually are.

PoseBusters' test (Buttenschoen, Morris and Deane, Chem. Sci. 2024): the UFF energy of a structure over that
of an embedded and relaxed ensemble, on average. The ensemble makes it slow, and it cannot be built for some
cage molecules. The average is near zero for the simplest molecules (methane, water, nitrogen), whose ratios
are then meaninglessly large: the verdict is the library's all the same.
"""

from __future__ import annotations

from functools import partial

from molgen.chem.molecule import Molecule
from molgen.evaluation.posebusters_calls import ask, posebusters_modules
from molgen.evaluation.suitability import no_molecule, not_computable

TRIAL_SIZES = (1, 5)
"""Ensembles that are built before the whole one.

Conformer k is the same in every ensemble, and one that cannot be embedded leaves no ratio; a cage molecule
whose first conformer fails would take minutes to fail at all of them.
"""


def check_energy_ratio(
    molecule: Molecule, max_energy_ratio: float, conformers: int, max_atoms: int
) -> dict[str, bool | float | str | None]:
    """Compare a molecule's UFF energy with that of its conformers, on one thread.

    Args:
        molecule: Molecule with bonds.
        max_energy_ratio: Largest accepted ratio, without unit.
        conformers: Size of the ensemble.
        max_atoms: Largest molecule that is looked at.

    Returns:
        ``energy_ratio``; ``energy_ratio_passes``, ``False`` for what is no valid molecule; both ``None``
        where they cannot be computed; ``energy_ratio_problem``, the reason, or ``None``.

    Raises:
        ConfigError: PoseBusters is not installed.
    """
    (module,) = (module for module in posebusters_modules() if module.name == "energy_ratio")
    unclear, failed = not_computable(molecule, max_atoms), no_molecule(molecule)
    if unclear is not None or failed is not None:
        return _row(None, None if unclear is not None else False, unclear or failed)
    assert molecule.mol is not None
    function = partial(module.function, threshold_energy_ratio=max_energy_ratio, num_threads=1)
    for size in sorted({min(size, conformers) for size in (*TRIAL_SIZES, conformers)}):
        answers, reason = ask(partial(function, ensemble_number_conformations=size), molecule.mol)
        ratio, passes = answers.get("energy_ratio"), answers.get("energy_ratio_passes")
        if ratio is None or passes is None:
            return _row(None, None, reason or "PoseBusters does not say why")
        row = _row(float(ratio), bool(passes), None)
    return row


def _row(
    ratio: float | None, passes: bool | None, problem: str | None
) -> dict[str, bool | float | str | None]:
    return {"energy_ratio": ratio, "energy_ratio_passes": passes, "energy_ratio_problem": problem}
