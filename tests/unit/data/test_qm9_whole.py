"""Facts about the whole prepared QM9, as published tables assume them (Hoogeboom et al. 2022)."""

from __future__ import annotations

import csv
import re
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from molgen.chem.descriptors import DESCRIPTORS
from molgen.data import MoleculeStore, read_store
from molgen.data.properties import PROPERTIES
from molgen.data.qm9 import source_tables
from molgen.data.store import POSITION_SCALE, is_complete, read_manifest

pytestmark = pytest.mark.full

ROOT = Path(__file__).parents[3] / "datasets" / "qm9"
NUM_MOLECULES = 130_831


@pytest.fixture(scope="module")
def whole() -> MoleculeStore:
    if not is_complete(ROOT):
        pytest.fail(f"{ROOT} holds no finished data set; make it with: molgen prepare qm9 -o datasets/qm9")
    return read_store(ROOT)


def test_counts(whole: MoleculeStore) -> None:
    assert len(whole) == NUM_MOLECULES
    assert (len(whole.train), len(whole.validation), len(whole.test)) == (100_000, 17_748, 13_083)
    assert whole.num_atoms.max() == 29
    assert set(np.unique(whole.numbers).tolist()) == {1, 6, 7, 8, 9}


def test_split_follows_the_published_rule(whole: MoleculeStore) -> None:
    """Consecutive pieces of one permutation of molecules in index order, so disjoint and complete."""
    assert (np.diff(whole.identifiers) > 0).all()
    order = np.random.RandomState(0).permutation(NUM_MOLECULES)
    pieces = np.concatenate([whole.train, whole.validation, whole.test])
    np.testing.assert_array_equal(pieces, order)


def test_store_is_small(whole: MoleculeStore) -> None:
    assert (ROOT / "store.npz").stat().st_size < 40e6


def test_manifest_tells_units_origin_and_split(whole: MoleculeStore) -> None:
    manifest = read_manifest(ROOT)
    assert manifest["molecules"] == NUM_MOLECULES
    expected = {name: {"unit": p.unit, "meaning": p.meaning} for name, p in PROPERTIES.items()}
    properties = manifest["properties"]
    assert isinstance(properties, dict)
    assert {name: properties[name] for name in expected} == expected
    # Beside them may stand what `molgen prepare descriptors` adds, after them.
    assert list(properties) in (list(expected), [*expected, *DESCRIPTORS])
    assert {"source", "source_sha256", "licence", "split", "position_unit"} <= set(manifest)


def test_arrays_agree_with_the_source(whole: MoleculeStore) -> None:
    """The first thousand rows of every table, read without molgen's own reader."""
    place = {identifier: item for item, identifier in enumerate(whole.identifiers.tolist())}
    for table in source_tables():
        with table.open(newline="") as stream:
            for row in islice(csv.DictReader(stream), 1000):
                item = place[int(row["Index"])]
                atoms = slice(*whole.atom_offsets[item : item + 2])
                coordinates = np.array(re.sub(r"[\[\]]", "", row["XYZ_Ang"]).split(","), dtype=float)
                stored = whole.positions[atoms] * POSITION_SCALE
                assert np.abs(stored - coordinates.reshape(-1, 3)).max() <= POSITION_SCALE / 2 + 1e-9
                assert whole.smiles[item].decode() == row["SMILES"]
                properties = [float(row[p.column]) for p in PROPERTIES.values()]
                assert whole.properties[item, : len(properties)].tolist() == properties


def test_charges_are_balanced_and_valences_usual(whole: MoleculeStore) -> None:
    """QM9 is neutral; each atom's total bond order is its element's valence, shifted by its charge."""
    assert not np.add.reduceat(whole.charges.astype(int), whole.atom_offsets[:-1]).any()
    owner = np.repeat(whole.atom_offsets[:-1], np.diff(whole.bond_offsets))
    total = np.zeros(len(whole.numbers), dtype=int)
    for end in (0, 1):
        np.add.at(total, owner + whole.bonds[:, end], whole.bonds[:, 2])
    seen = set(zip(whole.numbers.tolist(), whole.charges.tolist(), total.tolist(), strict=True))
    neutral = {(1, 0, 1), (6, 0, 4), (7, 0, 3), (8, 0, 2), (9, 0, 1)}
    assert seen <= neutral | {(6, -1, 3), (7, 1, 4), (7, -1, 2), (8, -1, 1), (8, 1, 3)}
    assert neutral <= seen
