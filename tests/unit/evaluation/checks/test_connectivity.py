"""Connectivity asks for a valid molecule in few enough pieces."""

from __future__ import annotations

import pytest

from molgen.chem import perceive_bonds
from molgen.evaluation.checks import check_connectivity


@pytest.mark.parametrize(
    ("name", "max_fragments", "fragments", "connected"),
    [
        ("ethanol", 1, 1, True),
        ("pair", 1, 2, False),
        ("pair", 2, 2, True),
        ("lost_hydrogen", 1, 2, False),
        ("extra_hydrogen", 1, 1, False),
        ("no_atoms", 1, 0, False),
    ],
)
def test_fragments(
    name: str, max_fragments: int, fragments: int, connected: bool, request: pytest.FixtureRequest
) -> None:
    (molecule,) = perceive_bonds([request.getfixturevalue(name)])
    expected = {"num_fragments": fragments, "connected": connected}
    assert check_connectivity(molecule, max_fragments) == expected
