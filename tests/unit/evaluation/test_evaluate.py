"""The edm protocol on known molecules: every requested molecule counts, whatever happened to it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from molgen.chem import Molecule
from molgen.core.errors import InputError
from molgen.evaluation import ReferenceSet, Report, evaluate
from molgen.evaluation.execution import Direct


@pytest.fixture
def requested(request: pytest.FixtureRequest) -> list[Molecule]:
    """Eight molecules: ethanol twice, a stable pair, a radical pair, and four that fail."""
    names = "ethanol lost_hydrogen extra_hydrogen pair not_finite no_atoms chlorine ethanol".split()
    return [request.getfixturevalue(name) for name in names]


@pytest.fixture
def report(requested: list[Molecule]) -> Report:
    return evaluate(requested, reference=ReferenceSet.from_smiles(["CCO"], "ethanol alone"))


def test_figures_counted_by_hand(report: Report) -> None:
    shares = {name: (s.numerator, s.denominator) for name, s in report.shares.items()}
    # Stable atoms: 9, 7, 9, 8, then 6 (the lost one's neighbour misses it), 0, 3, 9.
    assert shares == {
        "atom_stability": (
            9 + 7 + 9 + 8 + report.table["stable_atoms"][4] + 0 + 3 + 9,
            9 + 9 + 10 + 8 + 9 + 0 + 5 + 9,
        ),
        "molecule_stability": (3, 8),
        "validity": (4, 8),
        "uniqueness": (3, 4),
        "novelty": (2, 3),
        "valid_and_unique": (3, 8),
        "connected": (2, 8),
    }
    assert 0 <= report.table["stable_atoms"][4] < 9


def test_one_row_per_requested_molecule_in_order(report: Report) -> None:
    rows = list(report.table.rows())
    assert [row["smiles"] for row in rows] == ["CCO", "CC[O]", None, "C", None, None, None, "CCO"]
    assert [row["failure"] is None for row in rows] == [row["valid"] for row in rows]
    assert json.loads(json.dumps(rows)) == rows


def test_shuffling_atoms_and_molecules_changes_no_figure(requested: list[Molecule], report: Report) -> None:
    rng = np.random.default_rng(1)
    shuffled = []
    for molecule in (requested[i] for i in rng.permutation(len(requested))):
        order = rng.permutation(molecule.num_atoms)
        shuffled.append(Molecule(molecule.numbers[order], molecule.pos[order], defect=molecule.defect))
    again = evaluate(shuffled, reference=ReferenceSet.from_smiles(["CCO"], "ethanol alone"))
    assert again.metrics == pytest.approx(report.metrics)


def test_bonds_of_the_file_are_not_looked_at(ethanol: Molecule) -> None:
    assert ethanol.bonds is not None
    nonsense = replace(ethanol, bonds=np.array([[0, 0, 9]]), charges=np.full(9, 3))
    assert evaluate([nonsense]).metrics == evaluate([ethanol]).metrics
    assert evaluate([ethanol]).metrics["validity"] == 1


def test_processes_change_nothing(requested: list[Molecule], report: Report) -> None:
    again = evaluate(requested * 200, execution=Direct(2))
    assert len(again.table) == 1600
    assert again.table["smiles"].tolist() == report.table["smiles"].tolist() * 200


def test_progress_is_told(requested: list[Molecule]) -> None:
    told: list[int] = []
    evaluate(requested * 300, progress=told.append)
    assert told == [1000, 1000, 400]


def test_nothing_to_evaluate_is_an_error() -> None:
    with pytest.raises(InputError, match="at least one"):
        evaluate([])


def test_dictionary_names_protocol_denominators_and_intervals(report: Report) -> None:
    content = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert content["protocol"]["name"] == "edm"
    assert content["protocol"]["version"] == 1
    assert (content["n"], content["reference"]) == (8, "ethanol alone")
    assert content["seconds"] > 0
    validity = content["metrics"]["validity"]
    low, high = validity.pop("interval")
    assert low < 0.5 < high
    assert validity == {
        "value": 0.5,
        "numerator": 4,
        "denominator": 8,
        "over": "requested molecules",
        "note": None,
    }


def test_a_metric_without_a_value_says_why(requested: list[Molecule]) -> None:
    report = evaluate(requested)
    assert "novelty" not in report.metrics
    novelty = report.to_dict()["metrics"]["novelty"]
    assert (novelty["value"], novelty["numerator"], novelty["note"]) == (None, None, "no reference was given")


def test_table_fits_a_terminal(report: Report) -> None:
    console = Console(width=80, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(report.render())
    lines = capture.get().splitlines()
    assert any("molecule stability" in line and "3/8 requested molecules" in line for line in lines)
    assert any("37.50" in line for line in lines)
    assert max(map(len, lines)) <= 80
