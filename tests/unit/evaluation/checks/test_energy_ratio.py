"""The energy ratio is PoseBusters' own, and says why where there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from molgen.chem import Molecule
from molgen.evaluation import load_protocol
from molgen.evaluation.checks import CellValue, check_energy_ratio
from molgen.evaluation.posebusters_calls import posebusters_modules

PHYSICAL = load_protocol("physical").checks["energy_ratio"]


def judged(molecule: Molecule, max_energy_ratio: float = 100.0) -> dict[str, CellValue]:
    return check_energy_ratio(molecule, max_energy_ratio, conformers=10, max_atoms=100)


def test_the_protocol_has_the_values_of_the_library() -> None:
    (module,) = (module for module in posebusters_modules() if module.name == "energy_ratio")
    assert module.function.keywords == {
        "threshold_energy_ratio": PHYSICAL["max_energy_ratio"],
        "ensemble_number_conformations": PHYSICAL["conformers"],
    }


def test_a_relaxed_molecule_passes(ethanol: Molecule) -> None:
    row = judged(ethanol)
    assert 0.5 < row["energy_ratio"] < 10
    assert (row["energy_ratio_passes"], row["energy_ratio_problem"]) == (True, None)


def test_the_threshold_decides(ethanol: Molecule) -> None:
    ratio = judged(ethanol)["energy_ratio"]
    assert judged(ethanol, ratio + 0.01)["energy_ratio_passes"] is True
    assert judged(ethanol, ratio - 0.01)["energy_ratio_passes"] is False


def test_a_strained_molecule_fails(ethanol: Molecule) -> None:
    row = judged(replace(ethanol, pos=0.7 * np.array(ethanol.pos)))
    assert row["energy_ratio"] > 100
    assert row["energy_ratio_passes"] is False


def test_a_small_ensemble_is_the_start_of_a_large_one() -> None:
    """What makes it right to give up where a trial ensemble fails."""
    from posebusters.modules.energy_ratio import get_energies

    inchi = "InChI=1S/C4H10O/c1-2-3-4-5/h5H,2-4H2,1H3"
    assert get_energies(inchi, 5, 1) == get_energies(inchi, 12, 1)[:5]


@pytest.mark.parametrize(
    ("molecule", "passes", "reason"),
    [
        (Molecule([6, 0], [[0, 0, 0], [1, 0, 0]], [[0, 1, 1]]), None, "no known element"),
        (Molecule([9, 54, 9], [[-2, 0, 0], [0, 0, 0], [2, 0, 0]], [[0, 1, 1], [1, 2, 1]]), None, "UFF param"),
        (Molecule([1, 1], [[0, 0, 0], [1, 0, 0]]), False, "bonds are not known"),
        (Molecule([1, 1], [[0, 0, 0], [np.nan, 0, 0]], [[0, 1, 1]]), False, "not finite"),
        (Molecule([1] * 101, np.zeros((101, 3))), None, "at most 100 are looked at"),
    ],
)
def test_there_is_a_reason_where_there_is_no_ratio(
    molecule: Molecule, passes: bool | None, reason: str
) -> None:
    row = judged(molecule)
    assert (row["energy_ratio"], row["energy_ratio_passes"]) == (None, passes)
    assert reason in str(row["energy_ratio_problem"])
