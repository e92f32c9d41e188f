"""QM9's own bonds through the bonded protocol: what is no mistake of a model must pass."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from molgen.chem import Molecule
from molgen.data.store import POSITION_SCALE, MoleculeStore, read_store
from molgen.evaluation import Report, evaluate, load_reference
from molgen.evaluation.execution import Direct

pytestmark = pytest.mark.full

ROOT = Path(__file__).parents[3] / "datasets" / "qm9"
SAMPLES = 10_000


def stored_molecule(store: MoleculeStore, item: int) -> Molecule:
    atoms, bonds = (slice(*o[item : item + 2]) for o in (store.atom_offsets, store.bond_offsets))
    pos = store.positions[atoms] * POSITION_SCALE
    return Molecule(store.numbers[atoms], pos, store.bonds[bonds], store.charges[atoms])


@pytest.fixture(scope="module")
def store() -> MoleculeStore:
    return read_store(ROOT)


@pytest.fixture(scope="module")
def wanted(store: MoleculeStore) -> np.ndarray:
    return np.sort(np.random.default_rng(2023).choice(len(store), SAMPLES, replace=False))


@pytest.fixture(scope="module")
def judged(store: MoleculeStore, wanted: np.ndarray) -> tuple[Report, float]:
    """The report, and the processor time in seconds that it took."""
    molecules = [stored_molecule(store, item) for item in wanted.tolist()]
    start = time.process_time()
    report = evaluate(molecules, "bonded", "qm9", execution=Direct())
    return report, time.process_time() - start


def test_every_molecule_is_stable_valid_and_connected(judged: tuple[Report, float]) -> None:
    report, _ = judged
    assert report.bond_sources == {"own": SAMPLES}
    for metric in ("atom_stability", "molecule_stability", "validity", "valid_and_connected"):
        assert report.metrics[metric] == 1, metric
    assert report.metrics["uniqueness"] > 0.99


def test_ten_thousand_molecules_take_well_under_a_minute(judged: tuple[Report, float]) -> None:
    # Processor time, because a test machine may be busy with other work.
    assert judged[1] < 40


def test_shipped_reference_holds_the_training_split(
    judged: tuple[Report, float], store: MoleculeStore, wanted: np.ndarray
) -> None:
    report, _ = judged
    smiles = report.table["smiles"]
    in_train = np.isin(wanted, store.train)
    known = load_reference("qm9", bonds="own").contains_all(smiles.tolist())
    assert known[in_train].all()
    assert known[~in_train].mean() < 0.01
