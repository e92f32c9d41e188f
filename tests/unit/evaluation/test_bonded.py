"""The bonded protocol on known molecules: own bonds where known, and the report says whose they were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from molgen.chem import Molecule
from molgen.evaluation import ReferenceSet, Report, evaluate


@pytest.fixture
def requested(request: pytest.FixtureRequest, embed: Callable[[str], Molecule]) -> list[Molecule]:
    """A betaine, ethanol twice (once without bonds), and seven more, one with an element without valences."""
    silver = Molecule(np.array([47, 17]), 3 * np.eye(3)[:2], np.array([[0, 1, 1]]))
    ethanol = request.getfixturevalue("ethanol")
    others = "chlorine pair not_finite no_atoms lost_hydrogen".split()
    return [
        embed("C[N+](C)(C)CC(=O)[O-]"),
        ethanol,
        replace(ethanol, bonds=None),
        silver,
        embed("C[CH2]"),
        *(request.getfixturevalue(name) for name in others),
    ]


@pytest.fixture
def report(requested: list[Molecule]) -> Report:
    return evaluate(requested, "bonded", ReferenceSet.from_smiles(["CCO"], "ethanol alone"))


def test_figures_counted_by_hand(report: Report) -> None:
    shares = {name: (s.numerator, s.denominator) for name, s in report.shares.items()}
    # Stable: betaine, ethanol (own and perceived), chloromethane, the pair, ethanol with a long bond.
    # Valid besides: silver chloride and the radical.
    assert shares == {
        "atom_stability": (19 + 9 + 9 + 5 + 1 + 6 + 8 + 0 + 0 + 9, 19 + 9 + 9 + 5 + 2 + 7 + 8 + 9 + 0 + 9),
        "molecule_stability": (6, 10),
        "validity": (8, 10),
        "valid_and_connected": (6, 10),
        "uniqueness": (6, 8),
        "valid_and_unique": (6, 10),
        "novelty": (5, 6),
    }


def test_the_report_says_whose_bonds_were_judged(report: Report) -> None:
    assert report.bond_sources == {"own": 7, "edm": 2, "none": 1}
    assert report.to_dict()["bonds"] == report.bond_sources
    console = Console(width=80)
    with console.capture() as capture:
        console.print(report.render())
    text = " ".join(capture.get().split())
    assert "bonds: 7 of the molecules, 2 by the edm rule, 1 not known" in text
    assert "6/10 requested molecules; 1 not computable" in text


def test_shuffled_atoms_change_no_figure(requested: list[Molecule], report: Report) -> None:
    rng = np.random.default_rng(3)
    shuffled = []
    for molecule in requested:
        order = rng.permutation(molecule.num_atoms)
        place = np.argsort(order)
        bonds = molecule.bonds
        if bonds is not None:
            bonds = rng.permutation(np.column_stack([place[bonds[:, :2]], bonds[:, 2]]))
        charges = None if molecule.charges is None else molecule.charges[order]
        shuffled.append(Molecule(molecule.numbers[order], molecule.pos[order], bonds, charges))
    reference = ReferenceSet.from_smiles(["CCO"], "ethanol alone")
    assert evaluate(shuffled, "bonded", reference).metrics == pytest.approx(report.metrics)
