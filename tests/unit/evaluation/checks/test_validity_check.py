"""Validity is RDKit's verdict on the perceived bonds, named by the largest fragment."""

from __future__ import annotations

import pytest

from molgen.chem import Molecule, perceive_bonds
from molgen.evaluation.checks import check_validity


@pytest.mark.parametrize(
    ("name", "smiles"), [("ethanol", "CCO"), ("pair", "C"), ("lost_hydrogen", "CC[O]")], ids=lambda v: v
)
def test_valid(name: str, smiles: str, request: pytest.FixtureRequest) -> None:
    (molecule,) = perceive_bonds([request.getfixturevalue(name)])
    assert check_validity(molecule) == {"valid": True, "smiles": smiles, "failure": None}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("extra_hydrogen", "total bond order of 5"),
        ("not_finite", "not finite"),
        ("no_atoms", "no atoms"),
        ("chlorine", "no Cl"),
    ],
)
def test_invalid(name: str, reason: str, request: pytest.FixtureRequest) -> None:
    (molecule,) = perceive_bonds([request.getfixturevalue(name)])
    answer = check_validity(molecule)
    assert (answer["valid"], answer["smiles"]) == (False, None)
    assert reason in str(answer["failure"])


def test_a_molecule_without_bonds_is_not_valid(pair: Molecule) -> None:
    assert check_validity(pair) == {"valid": False, "smiles": None, "failure": "its bonds are not known"}
