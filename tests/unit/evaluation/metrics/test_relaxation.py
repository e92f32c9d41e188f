"""Figures of the physical protocol, counted by hand and run as a whole."""

from __future__ import annotations

import numpy as np
import pytest

from molgen.chem import Molecule
from molgen.core.errors import ConfigError
from molgen.evaluation import Table, evaluate, load_protocol
from molgen.evaluation.metrics import METRICS

ROWS = {
    "plausible": [True, True, False, None, True, False],
    "energy_ratio_passes": [True, None, True, True, None, None],
    "energy_ratio_drawn": [True, True, True, True, False, False],
    "xtb_energy": [1.0, 3.0, None, 2.0, None, 10.0],
    "xtb_rmsd": [0.1, 0.3, None, 0.2, None, None],
    "xtb_converged": [True, True, None, True, None, False],
    "xtb_relaxation_drawn": [True, True, True, True, False, True],
    "mmff_energy": [4.0, 6.0, None, 5.0, 7.0, 8.0],
    "mmff_rmsd": [0.1, 0.2, None, 0.3, 0.4, None],
    "mmff_converged": [True, True, None, True, True, True],
}
SHARES = {
    "plausibility": (3, 6, "requested molecules", "1 not computable"),
    # The first passes both; of the second and fourth one half is missing; the third fails.
    "plausible_with_energy_ratio": (1, 4, "drawn molecules", "2 not computable"),
    "xtb_coverage": (4, 5, "drawn molecules", None),
    "mmff_coverage": (5, 6, "requested molecules", None),
}
ESTIMATES = {
    "xtb_energy_median": (2.5, "kcal/mol", 4, 5, "drawn molecules", "1 not converged"),
    "xtb_energy_mean": (4.0, "kcal/mol", 4, 5, "drawn molecules", "1 not converged"),
    "xtb_energy_p90": (7.9, "kcal/mol", 4, 5, "drawn molecules", "1 not converged"),
    "xtb_rmsd_median": (0.2, "angstrom", 3, 5, "drawn molecules", "1 not converged"),
    "mmff_energy_median": (6.0, "kcal/mol", 5, 6, "requested molecules", None),
    "mmff_rmsd_median": (0.25, "angstrom", 4, 6, "requested molecules", None),
}


@pytest.fixture
def table() -> Table:
    rows = [dict(zip(ROWS, cells, strict=True)) for cells in zip(*ROWS.values(), strict=True)]
    return Table.from_rows(rows)


@pytest.mark.parametrize("name", SHARES)
def test_shares_by_hand(name: str, table: Table) -> None:
    figure = METRICS[name](table, None)
    assert (figure.numerator, figure.denominator, figure.over, figure.note) == SHARES[name]
    assert figure.interval[0] < figure.value < figure.interval[1]


@pytest.mark.parametrize("name", ESTIMATES)
def test_estimates_by_hand(name: str, table: Table) -> None:
    figure = METRICS[name](table, None)
    value, *rest = ESTIMATES[name]
    assert figure.value == pytest.approx(value)
    assert [figure.unit, figure.count, figure.total, figure.over, figure.note] == rest
    assert figure.interval[0] < figure.value < figure.interval[1]


@pytest.mark.parametrize("name", [*SHARES, *ESTIMATES])
def test_order_of_molecules_has_no_say(name: str, table: Table) -> None:
    order = np.random.default_rng(2).permutation(len(table))
    shuffled = Table({column: values[order] for column, values in table.columns.items()})
    first, second = METRICS[name](table, None), METRICS[name](shuffled, None)
    assert second.value == pytest.approx(first.value)


@pytest.mark.parametrize("name", ESTIMATES)
def test_where_nothing_could_be_computed_there_is_no_value(name: str, table: Table) -> None:
    nothing = {
        f"{method}_{quantity}": np.full(6, None)
        for method in ("xtb", "mmff")
        for quantity in ("energy", "rmsd")
    }
    figure = METRICS[name](Table({**table.columns, **nothing}), None)
    assert (figure.value, figure.count, figure.interval) == (None, 0, None)
    assert "could be computed" in str(figure.note)


@pytest.mark.parametrize("name", [*SHARES, *ESTIMATES])
def test_the_check_that_is_missing_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match="no check of this protocol writes the column"):
        METRICS[name](Table({"valid": np.ones(3, dtype=bool)}), None)


def test_the_protocol_as_a_whole(ethanol: Molecule, not_finite: Molecule) -> None:
    report = evaluate([ethanol, not_finite, ethanol], "physical")
    assert list(report.figures) == list(load_protocol("physical").metrics)
    shares = {name: (share.numerator, share.denominator) for name, share in report.shares.items()}
    assert shares["validity"] == shares["plausibility"] == shares["xtb_coverage"] == (2, 3)
    assert shares["plausible_with_energy_ratio"] == shares["mmff_coverage"] == (2, 3)
    assert 0 < report.metrics["xtb_energy_median"] < 5
    assert report.metrics["xtb_energy_mean"] == pytest.approx(report.metrics["xtb_energy_median"])
    assert 0 <= report.metrics["mmff_energy_median"] < 0.01
