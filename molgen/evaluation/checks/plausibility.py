"""Physical plausibility: bond lengths, angles, clashes and flatness as PoseBusters judges them.

Buttenschoen, Morris and Deane, "PoseBusters: AI-based docking methods fail to generate physically valid poses
or generalise to novel sequences", Chem. Sci. 2024; configuration ``mol`` with the thresholds that the library
brings, all tests but the energy ratio, which takes a hundred times as long (see
:mod:`molgen.evaluation.checks.energy_ratio`).
"""

from __future__ import annotations

from rdkit import Chem

from molgen.chem.molecule import Molecule
from molgen.evaluation.posebusters_calls import PREFIX, Module, ask, posebusters_modules
from molgen.evaluation.suitability import no_molecule, not_computable


def check_plausibility(molecule: Molecule, max_atoms: int) -> dict[str, bool | str | None]:
    """Ask PoseBusters about a molecule with its own bonds.

    Args:
        molecule: Molecule with bonds. One without, or which RDKit does not sanitise, is not plausible.
        max_atoms: Largest molecule that is looked at; time and memory grow with the square.

    Returns:
        One column ``pb_<test>`` for each test, ``None`` where it has no answer; ``plausible``: whether all
        pass, ``None`` where only tests without an answer or an unknown element speak against it;
        ``implausible_because``, the failed tests or the reason, ``None`` for a plausible molecule.

    Raises:
        ConfigError: PoseBusters is not installed.
    """
    modules = [module for module in posebusters_modules() if module.name != "energy_ratio"]
    columns: dict[str, bool | str | None] = {
        column: None for module in modules for column in module.columns.values()
    }
    unclear, failed = not_computable(molecule, max_atoms), no_molecule(molecule)
    if unclear is not None or failed is not None:
        verdict = None if unclear is not None else False
        return columns | {"plausible": verdict, "implausible_because": unclear or failed}
    assert molecule.mol is not None
    return columns | _judged(molecule.mol, modules)


def _judged(mol: Chem.Mol, modules: list[Module]) -> dict[str, bool | str | None]:
    verdicts: dict[str, bool | None] = {}
    unanswered: list[str] = []
    for module in modules:
        answers, reason = ask(module.function, mol)
        for output, column in module.columns.items():
            answer = answers.get(output)
            verdicts[column] = None if answer is None else bool(answer)
            if answer is None:
                unanswered.append(f"{column} has no answer: {reason or 'PoseBusters does not say why'}")
    failed = [column.removeprefix(PREFIX) for column, verdict in verdicts.items() if verdict is False]
    plausible = False if failed else None if unanswered else True
    because = ", ".join(failed) or "; ".join(unanswered) or None
    return {**verdicts, "plausible": plausible, "implausible_because": because}
