"""Every metric on a table whose figures can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from molgen.core.errors import ConfigError
from molgen.evaluation import ReferenceSet, Table, load_protocol
from molgen.evaluation.metrics import METRICS

COLUMNS = {
    "num_atoms": [5, 5, 9, 0, 3, 8],
    "stable_atoms": [5, 5, 7, 0, 1, 8],
    "stable": [True, True, False, False, False, True],
    "valid": [True, True, True, False, False, True],
    "smiles": ["C", "C", "CC[O]", None, None, "O"],
    "connected": [True, True, False, False, False, False],
    "closed_shell": [True, False, False, False, False, True],
}
REFERENCE = ReferenceSet.from_smiles(["C", "N"], "test")
BY_HAND = {
    "atom_stability": (26, 30, "atoms"),
    "molecule_stability": (3, 6, "requested molecules"),
    "validity": (4, 6, "requested molecules"),
    "uniqueness": (3, 4, "valid molecules"),
    "novelty": (2, 3, "unique molecules"),
    "valid_and_unique": (3, 6, "requested molecules"),
    "connected": (2, 6, "requested molecules"),
    "valid_and_connected": (1, 6, "requested molecules"),
}


@pytest.fixture
def table() -> Table:
    rows = [dict(zip(COLUMNS, cells, strict=True)) for cells in zip(*COLUMNS.values(), strict=True)]
    return Table.from_rows(rows)


def test_no_metric_of_edm_and_bonded_is_left_out() -> None:
    """The metrics of the physical protocol have tests of their own."""
    assert set(BY_HAND) == {name for p in ("edm", "bonded") for name in load_protocol(p).metrics}


@pytest.mark.parametrize("name", BY_HAND)
def test_counted_by_hand(name: str, table: Table) -> None:
    result = METRICS[name](table, REFERENCE)
    assert (result.numerator, result.denominator, result.over) == BY_HAND[name]
    assert result.interval is not None
    assert result.interval[0] < result.numerator / result.denominator < result.interval[1]


@pytest.mark.parametrize("name", BY_HAND)
def test_order_of_molecules_has_no_say(name: str, table: Table) -> None:
    order = np.random.default_rng(2).permutation(len(table))
    shuffled = Table({column: values[order] for column, values in table.columns.items()})
    expected = METRICS[name](table, REFERENCE)
    result = METRICS[name](shuffled, REFERENCE)
    assert (result.numerator, result.denominator) == (expected.numerator, expected.denominator)
    assert result.interval == pytest.approx(expected.interval)


def test_novelty_without_a_reference_has_no_value(table: Table) -> None:
    result = METRICS["novelty"](table, None)
    assert (result.value, result.note) == (None, "no reference was given")


def test_without_valid_molecules_shares_of_them_have_no_value(table: Table) -> None:
    failed = Table({**table.columns, "valid": np.zeros(6, dtype=bool)})
    assert METRICS["uniqueness"](failed, None).value is None
    assert METRICS["novelty"](failed, REFERENCE).value is None
    assert METRICS["valid_and_unique"](failed, None).value == 0


def test_what_cannot_be_computed_stays_in_the_denominator_and_is_counted() -> None:
    table = Table.from_rows(
        [
            {"num_atoms": 5, "stable_atoms": 5, "uncomputable_atoms": 0, "stable": True},
            {"num_atoms": 2, "stable_atoms": 0, "uncomputable_atoms": 2, "stable": None},
            {"num_atoms": 3, "stable_atoms": 1, "uncomputable_atoms": 1, "stable": False},
        ]
    )
    atoms, molecules = METRICS["atom_stability"](table, None), METRICS["molecule_stability"](table, None)
    assert (atoms.numerator, atoms.denominator, atoms.note) == (6, 10, "3 not computable")
    assert (molecules.numerator, molecules.denominator, molecules.note) == (1, 3, "1 not computable")
    assert list(table.rows())[1]["stable"] is None


def test_a_missing_column_is_named(table: Table) -> None:
    with pytest.raises(ConfigError, match=r"'stable'.*num_atoms"):
        METRICS["molecule_stability"](Table({"num_atoms": table["num_atoms"]}), None)


def test_atoms_of_one_molecule_are_not_independent() -> None:
    """With whole molecules stable or not, the interval must be that of molecules, not of atoms."""
    stable = np.repeat([True, False], [90, 10])
    table = Table({"num_atoms": np.full(100, 20), "stable_atoms": 20 * stable, "stable": stable})
    atoms, molecules = METRICS["atom_stability"](table, None), METRICS["molecule_stability"](table, None)
    assert atoms.value == molecules.value == 0.9
    assert atoms.interval == pytest.approx(molecules.interval)


def test_interval_of_atom_stability_covers_over_repeated_samples() -> None:
    rng = np.random.default_rng(9)
    covered = []
    for _ in range(1000):
        atoms = rng.integers(5, 25, 300)
        stable = np.where(rng.random(300) < 0.3, rng.binomial(atoms, 0.7), atoms)
        interval = METRICS["atom_stability"](
            Table({"num_atoms": atoms, "stable_atoms": stable}), None
        ).interval
        assert interval is not None
        covered.append(interval[0] <= 0.91 <= interval[1])
    assert np.mean(covered) == pytest.approx(0.95, abs=0.025)
