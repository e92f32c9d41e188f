"""Unpaired electrons are counted where RDKit sanitises, and nothing else passes."""

from __future__ import annotations

import pytest

from molgen.chem import perceive_bonds
from molgen.evaluation.checks import check_radicals


@pytest.mark.parametrize(
    ("name", "accepted", "electrons", "closed_shell"),
    [
        ("ethanol", 0, 0, True),
        ("pair", 0, 0, True),
        ("lost_hydrogen", 0, 2, False),
        ("lost_hydrogen", 2, 2, True),
        ("extra_hydrogen", 0, None, False),
        ("no_atoms", 0, None, False),
    ],
)
def test_radicals(
    name: str, accepted: int, electrons: int | None, closed_shell: bool, request: pytest.FixtureRequest
) -> None:
    (molecule,) = perceive_bonds([request.getfixturevalue(name)])
    expected = {"num_radical_electrons": electrons, "closed_shell": closed_shell}
    assert check_radicals(molecule, accepted) == expected
