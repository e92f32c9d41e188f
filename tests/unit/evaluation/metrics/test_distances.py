"""Distances to the reference are Wasserstein's, 0 for the same set, and blind to order and duplicates."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from molgen.chem import Molecule
from molgen.core.errors import ConfigError
from molgen.data.store import POSITION_SCALE, MoleculeStore, read_store
from molgen.evaluation import ReferenceSet, Report, Table, evaluate, load_protocol
from molgen.evaluation.distribution import Distribution, Distributions
from molgen.evaluation.execution import Direct
from molgen.evaluation.known_molecules import KnownMolecules
from molgen.evaluation.measurements import Measurements
from molgen.evaluation.measures import measure_bond_lengths
from molgen.evaluation.metrics import METRICS, Estimate
from molgen.evaluation.metrics.distances import MeasureDistance

TESTS = Path(__file__).parents[3]
DISTANCES = ("bond_length_w1", "bond_angle_w1", "torsion_w1", "size_w1")
GEOMETRY = replace(
    load_protocol("distributions"),
    measures=("bond_lengths", "bond_angles", "torsions", "size"),
    metrics=DISTANCES,
)
Row = Mapping[str, Sequence[float]]


def stored_molecules(store: MoleculeStore, items: Sequence[int]) -> list[Molecule]:
    molecules = []
    for item in items:
        atoms, bonds = (slice(*o[item : item + 2]) for o in (store.atom_offsets, store.bond_offsets))
        pos = store.positions[atoms] * POSITION_SCALE
        molecules.append(Molecule(store.numbers[atoms], pos, store.bonds[bonds], store.charges[atoms]))
    return molecules


@pytest.fixture(scope="module")
def known() -> list[Molecule]:
    return stored_molecules(read_store(TESTS / "fixtures" / "qm9_200"), range(100))


@pytest.fixture(scope="module")
def reference(known: list[Molecule]) -> ReferenceSet:
    return reference_to(known)


def reference_to(molecules: list[Molecule]) -> ReferenceSet:
    return ReferenceSet("known", np.zeros(0, dtype=np.uint64), KnownMolecules(molecules))


def lengths(rows: Sequence[Row]) -> Table:
    """A table of valid molecules with bond lengths."""
    return Table({"valid": np.ones(len(rows), dtype=bool)}, {"bond_lengths": Measurements.collect(rows)})


def lengths_reference(rows: Sequence[Row]) -> ReferenceSet:
    known = {"bond_lengths": Distributions.of(Measurements.collect(rows), len(rows))}
    return ReferenceSet("by hand", np.zeros(0, dtype=np.uint64), known)


def length_distance(rows: Sequence[Row], reference: Sequence[Row]) -> Estimate:
    figure = METRICS["bond_length_w1"](lengths(rows), lengths_reference(reference))
    assert isinstance(figure, Estimate)
    return figure


numbers = st.lists(st.floats(-1000, 1000, width=32), min_size=1, max_size=40)


@given(numbers, numbers)
def test_few_numbers_of_the_same_count_have_the_exact_distance(
    first: list[float], second: list[float]
) -> None:
    count = min(len(first), len(second))
    a, b = np.sort(first[:count]), np.sort(second[:count])
    assert Distribution.of(b).distance(a) == pytest.approx(wasserstein_distance(a, b), abs=1e-4)


@given(numbers, numbers)
def test_numbers_of_unlike_counts_have_at_most_the_exact_distance(
    first: list[float], second: list[float]
) -> None:
    exact = wasserstein_distance(first, second)
    found = Distribution.of(np.array(second)).distance(np.sort(first))
    assert abs(np.mean(first) - np.mean(second)) - 1e-3 <= found <= exact + 1e-3


def test_many_numbers_come_close_to_the_exact_distance() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, 20_000), rng.normal(0.1, 1.2, 30_000)
    exact = wasserstein_distance(a, b)
    assert Distribution.of(b).distance(np.sort(a)) == pytest.approx(exact, rel=1e-3)


def test_outliers_have_their_full_weight() -> None:
    """One length of 100,000 that is 10 too long adds 0.0001."""
    values = np.random.default_rng(0).normal(1.5, 0.02, 100_000)
    broken = values.copy()
    broken[7] += 10
    assert Distribution.of(values).distance(np.sort(broken)) == pytest.approx(1e-4, rel=1e-3)


def test_by_hand() -> None:
    reference = [{"C-C": [1.5, 1.5], "C-H": [1.1]}, {"C-C": [1.5]}]
    figure = length_distance([{"C-C": [1.5, 1.7], "C-H": [1.0]}], reference)
    # C-C: 0.1 with weight 3/4; C-H: 0.1 with weight 1/4.
    assert figure.value == pytest.approx(0.1)
    assert (figure.unit, figure.count, figure.total) == ("angstrom", 1, 1)
    assert figure.note == "to 2 molecules"
    figure = length_distance([{"C-C": [1.7], "C-H": [1.1]}], reference)
    assert figure.value == pytest.approx(0.2 * 3 / 4)


def test_kinds_that_either_lacks_are_counted() -> None:
    reference = [{"C-C": [1.5] * 3, "O-O": [1.4]}]
    figure = length_distance([{"C-C": [1.6] * 6, "B-C": [1.6, 9.0]}], reference)
    assert figure.value == pytest.approx(0.1)
    assert figure.note is not None
    assert "1 of 2 kinds (25.00% of the reference) are missing" in figure.note
    assert "1 kinds (25.00% of the sample) are not in the reference" in figure.note


def test_without_a_value_the_note_says_why() -> None:
    assert length_distance([{"B-C": [1.0]}], [{"C-C": [1.5]}]).note == (
        "no bond_lengths of a kind that the reference has"
    )
    assert length_distance([{}], [{"C-C": [1.5]}]).value is None
    table = lengths([{"C-C": [1.5]}])
    digests = ReferenceSet.from_smiles(["CC"], "digests")
    for given_reference, note in (
        (None, "no reference was given"),
        (digests, "'digests' has no bond_lengths"),
    ):
        figure = METRICS["bond_length_w1"](table, given_reference)
        assert isinstance(figure, Estimate)
        assert figure.value is None and figure.note is not None and note in figure.note
    with pytest.raises(ConfigError, match="'torsions'"):
        METRICS["torsion_w1"](table, None)


def test_a_set_is_at_no_distance_from_itself(known: list[Molecule], reference: ReferenceSet) -> None:
    report = evaluate(known, GEOMETRY, reference)
    assert report.metrics == dict.fromkeys(DISTANCES, 0.0)


def test_longer_bonds_show_by_their_excess(known: list[Molecule], reference: ReferenceSet) -> None:
    rows = [{kind: list(v) for kind, v in row.items()} for row in _bond_rows(known)]
    longer = [{kind: [x + 0.05 for x in v] for kind, v in row.items()} for row in rows]
    assert length_distance(longer, rows).value == pytest.approx(0.05, abs=1e-6)
    assert length_distance(longer * 2, rows).value == pytest.approx(0.05, abs=1e-6)


def _bond_rows(molecules: list[Molecule]) -> list[Row]:
    return [measure_bond_lengths(molecule) for molecule in molecules]


def test_order_and_duplicates_of_the_whole_set_change_nothing(known: list[Molecule]) -> None:
    sample, reference = known[:60], reference_to(known[40:])
    expected = evaluate(sample, GEOMETRY, reference).metrics
    assert all(value > 0 for value in expected.values())
    order = np.random.default_rng(1).permutation(60)
    shuffled = evaluate([sample[i] for i in order], GEOMETRY, reference).metrics
    assert shuffled == expected
    assert evaluate(sample * 3, GEOMETRY, reference).metrics == pytest.approx(expected, rel=1e-4)


def test_molecules_that_fail_are_no_part_of_the_count(known: list[Molecule], reference: ReferenceSet) -> None:
    broken = Molecule(known[0].numbers, np.full((known[0].num_atoms, 3), np.nan))
    report = evaluate([*known[:9], broken], GEOMETRY, reference)
    figure = report.figures["bond_length_w1"]
    assert isinstance(figure, Estimate)
    assert (figure.count, figure.total, figure.over) == (9, 10, "requested molecules")
    assert figure.value == evaluate(known[:9], GEOMETRY, reference).metrics["bond_length_w1"]


def test_interval_holds_the_value_and_shrinks_with_the_sample() -> None:
    rng = np.random.default_rng(0)
    reference = [{"C-C": rng.normal(1.5, 0.1, 5).tolist()} for _ in range(500)]
    widths = []
    for count in (50, 800):
        sample = [{"C-C": rng.normal(1.6, 0.1, 5).tolist()} for _ in range(count)]
        figure = length_distance(sample, reference)
        assert figure.value is not None and figure.interval is not None
        assert figure.interval[0] < figure.value < figure.interval[1]
        widths.append(figure.interval[1] - figure.interval[0])
    assert widths[1] < widths[0] / 2
    assert length_distance(reference[:1], reference).interval is None


def test_unsigned_torsions_have_the_distance_around_the_circle() -> None:
    """Against Rabin's formula on the circle, for sets that hold all mirror images."""
    rng = np.random.default_rng(3)
    a, b = rng.vonmises(2.5, 4, 60), rng.vonmises(-0.4, 1, 60)
    circle = np.sort(np.concatenate([a, -a, b, -b]))
    gaps = np.diff(np.concatenate([circle, circle[:1] + 2 * np.pi]))
    below = [np.searchsorted(np.sort(np.concatenate([x, -x])), circle, "right") / 120 for x in (a, b)]
    offsets = below[0] - below[1]
    around = min(float((np.abs(offsets - offset) * gaps).sum()) for offset in offsets)
    assert Distribution.of(np.abs(b)).distance(np.sort(np.abs(a))) == pytest.approx(around, abs=1e-6)


def test_a_metric_of_ones_own_measure() -> None:
    figure = MeasureDistance("bond_lengths", "nm")(lengths([{"x": [1.0]}]), lengths_reference([{"x": [3.0]}]))
    assert (figure.value, figure.unit) == (2.0, "nm")


@pytest.fixture(scope="module")
def judged() -> tuple[Report, Report, float]:
    """Random molecules of QM9 to others, the same to the test split, and the processor time of the second."""
    store = read_store(TESTS.parent / "datasets" / "qm9")
    wanted = np.random.default_rng(2023).choice(len(store), 10_000, replace=False).tolist()
    molecules = stored_molecules(store, wanted)
    halves = evaluate(molecules[:5000], GEOMETRY, reference_to(molecules[5000:]), Direct())
    protocol = load_protocol("distributions")
    quick = replace(protocol, metrics=[name for name in protocol.metrics if name != "fcd"])
    start = time.process_time()
    report = evaluate([replace(molecule) for molecule in molecules], quick, "qm9", Direct())
    return halves, report, time.process_time() - start


@pytest.mark.full
def test_halves_of_qm9_are_close(judged: tuple[Report, Report, float]) -> None:
    halves, report, _ = judged
    assert 0.0001 < halves.metrics["bond_length_w1"] < 0.0007
    assert 0.02 < halves.metrics["bond_angle_w1"] < 0.14
    assert report.metrics["bond_length_w1"] < 0.0007
    assert report.metrics["bond_angle_w1"] < 0.14


@pytest.mark.full
def test_ten_thousand_molecules_take_well_under_a_minute(judged: tuple[Report, Report, float]) -> None:
    assert judged[2] < 50
