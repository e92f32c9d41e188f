"""Rings, functional groups and elements are counted, one number a kind and molecule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from molgen.chem import Molecule
from molgen.evaluation.measures import (
    MEASURES,
    measure_elements,
    measure_functional_groups,
    measure_ring_sizes,
    measure_size,
)

Embed = Callable[[str], Molecule]


def test_rings(embed: Embed) -> None:
    assert measure_ring_sizes(embed("CCO")) == {}
    assert measure_ring_sizes(embed("C1CC1C1CCC1C1CC1")) == {"3": [2.0], "4": [1.0]}
    assert measure_ring_sizes(embed("c1ccc2ccccc2c1")) == {"6": [2.0]}


def test_functional_groups(embed: Embed) -> None:
    found = measure_functional_groups(embed("N#CCC(=O)N"))
    assert (found["nitrile"], found["amide"], found["priamide"]) == ([1.0], [1.0], [1.0])
    assert "ester" not in found and "ketone" not in found
    assert measure_functional_groups(embed("OCCO"))["Al_OH"] == [2.0]
    assert measure_functional_groups(embed("CC")) == {}


def test_hydrogens_of_the_file_are_not_taken_for_substituents(embed: Embed) -> None:
    """An aldehyde is no ketone, though its hydrogen is an atom of its own."""
    found = measure_functional_groups(embed("CCC=O"))
    assert found["aldehyde"] == [1.0] and "ketone" not in found


def test_elements_and_size_of_any_molecule(
    ethanol: Molecule, not_finite: Molecule, no_atoms: Molecule
) -> None:
    for molecule in (ethanol, not_finite):
        assert measure_elements(molecule) == {"C": [2.0], "H": [6.0], "O": [1.0]}
        assert measure_size(molecule) == {"atoms": [9.0]}
    assert measure_elements(Molecule(np.array([0, 6]), np.zeros((2, 3)))) == {"?": [1.0], "C": [1.0]}
    assert measure_elements(no_atoms) == measure_size(no_atoms) == {}


def test_no_measure_raises_on_a_bad_molecule(
    ethanol: Molecule, extra_hydrogen: Molecule, not_finite: Molecule, no_atoms: Molecule
) -> None:
    collapsed = replace(ethanol, pos=np.zeros((9, 3)))
    huge = replace(ethanol, pos=ethanol.pos * 1e180)
    unbonded = replace(ethanol, bonds=None)
    for molecule in (extra_hydrogen, not_finite, no_atoms, collapsed, huge, unbonded):
        for name, measure in MEASURES.items():
            found = measure(molecule)
            numbers = [number for numbers in found.values() for number in numbers]
            assert np.isfinite(numbers).all(), name
            assert all(found.values()), f"{name} gives a kind without numbers"
