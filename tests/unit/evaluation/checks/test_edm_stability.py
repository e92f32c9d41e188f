"""Stability counts summed bond orders against the edm valences."""

from __future__ import annotations

import numpy as np

from molgen.chem import Molecule, perceive_bonds
from molgen.evaluation.checks import check_edm_stability


def verdict(molecule: Molecule) -> tuple[int, int, bool]:
    (judged,) = perceive_bonds([molecule])
    answer = check_edm_stability(judged)
    return int(answer["num_atoms"]), int(answer["stable_atoms"]), bool(answer["stable"])


def test_good_molecule(ethanol: Molecule) -> None:
    assert verdict(ethanol) == (9, 9, True)


def test_a_lost_hydrogen_spoils_itself_and_its_neighbour(lost_hydrogen: Molecule) -> None:
    assert verdict(lost_hydrogen) == (9, 7, False)


def test_an_extra_hydrogen_is_stable_but_its_carbon_is_not(extra_hydrogen: Molecule) -> None:
    assert verdict(extra_hydrogen) == (10, 9, False)


def test_fragments_are_no_matter_of_stability(pair: Molecule) -> None:
    assert verdict(pair) == (8, 8, True)


def test_an_empty_molecule_is_not_stable(no_atoms: Molecule) -> None:
    assert verdict(no_atoms) == (0, 0, False)


def test_elements_without_a_valence_are_not_stable(chlorine: Molecule) -> None:
    # Chlorine has no bond, and the carbon beside it lacks one.
    assert verdict(chlorine) == (5, 3, False)
    neon = Molecule(np.array([10]), np.zeros((1, 3)), np.zeros((0, 3), dtype=int))
    assert check_edm_stability(neon)["stable_atoms"] == 0


def test_orders_are_summed_over_both_ends() -> None:
    carbon_dioxide = Molecule(np.array([8, 6, 8]), np.eye(3), np.array([[0, 1, 2], [2, 1, 2]]))
    assert check_edm_stability(carbon_dioxide)["stable_atoms"] == 3
