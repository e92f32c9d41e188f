"""The store: what is in it, and that nothing unfinished or damaged passes for it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from molgen.chem import Molecule
from molgen.chem.identity import canonical_smiles
from molgen.core.errors import DataError, InputError
from molgen.data import MoleculeStore, read_store
from molgen.data.properties import PROPERTIES
from molgen.data.store import POSITION_SCALE, is_complete, read_manifest, write_store

SLOW_WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
import numpy as np
from molgen.data.store import read_store, write_store
source, target = map(Path, sys.argv[1:])
noise = np.random.default_rng(0).random((1_000_000, 12))
write_store(replace(read_store(source), properties=noise), target, {"name": "slow"})
"""


def molecule(store: MoleculeStore, item: int) -> Molecule:
    """One molecule, straight from the arrays."""
    atoms = slice(*store.atom_offsets[item : item + 2])
    bonds = slice(*store.bond_offsets[item : item + 2])
    pos = store.positions[atoms] * POSITION_SCALE
    return Molecule(store.numbers[atoms], pos, store.bonds[bonds], store.charges[atoms])


def assert_same(one: MoleculeStore, other: MoleculeStore) -> None:
    for field in fields(MoleculeStore):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), field.name)


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """A copy of the folder, to be spoiled."""
    return Path(shutil.copytree(root, tmp_path / "copy"))


def test_bonds_and_charges_give_the_smiles_of_the_source(store: MoleculeStore) -> None:
    for item, smiles in enumerate(store.smiles):
        expected = canonical_smiles(smiles.decode())
        assert expected is not None
        assert molecule(store, item).smiles == expected


def test_bonds_have_the_lengths_of_bonds(store: MoleculeStore) -> None:
    owner = np.repeat(np.arange(len(store)), np.diff(store.bond_offsets))
    begin, end = (store.positions[store.atom_offsets[owner] + store.bonds[:, k]] for k in (0, 1))
    lengths = np.linalg.norm((begin - end) * POSITION_SCALE, axis=1)
    assert lengths.min() > 0.9
    assert lengths.max() < 1.8


def test_the_small_set_holds_the_unusual(store: MoleculeStore) -> None:
    sizes = dict(zip(store.smiles.tolist(), store.num_atoms.tolist(), strict=True))
    assert sizes[b"C"] == 5
    assert sizes[b"O"] == 3
    charged = {m for m in range(len(store)) if (molecule(store, m).charges != 0).any()}
    assert len(charged) >= 3
    assert all(store.charges[slice(*store.atom_offsets[m : m + 2])].sum() == 0 for m in charged)
    assert set(store.numbers.tolist()) == {1, 6, 7, 8, 9}


def test_splits_are_disjoint_and_cover(store: MoleculeStore) -> None:
    splits = [store.train, store.validation, store.test]
    assert [len(s) for s in splits] == [160, 20, 20]
    assert sorted(np.concatenate(splits).tolist()) == list(range(200))


def test_manifest_names_every_property_with_its_unit(root: Path, store: MoleculeStore) -> None:
    properties = read_manifest(root)["properties"]
    assert isinstance(properties, dict)
    assert {name: p["unit"] for name, p in properties.items()} == {n: p.unit for n, p in PROPERTIES.items()}
    values = dict(zip(properties, store.properties.T, strict=True))
    # Values are rounded to 1e-4 hartree in the source.
    np.testing.assert_allclose(values["gap"], values["lumo"] - values["homo"], atol=2.1e-4)


def test_written_and_read_again_is_the_same(store: MoleculeStore, tmp_path: Path) -> None:
    write_store(store, tmp_path / "new", {"name": "again"})
    assert is_complete(tmp_path / "new")
    assert_same(read_store(tmp_path / "new"), store)
    assert {p.name for p in (tmp_path / "new").iterdir()} == {"store.npz", "manifest.json"}


def test_subset_keeps_molecules_whole(store: MoleculeStore) -> None:
    chosen, nothing = np.array([150, 3, 77]), np.zeros(0, dtype=np.int64)
    part = store.subset(chosen, {"train": np.array([2, 0]), "validation": np.array([1]), "test": nothing})
    assert part.num_atoms.tolist() == store.num_atoms[chosen].tolist()
    for item, source in enumerate(chosen):
        assert molecule(part, item).smiles == molecule(store, int(source)).smiles
        np.testing.assert_array_equal(molecule(part, item).pos, molecule(store, int(source)).pos)


def test_missing_folder_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="molgen prepare qm9 -o"):
        read_store(tmp_path / "nowhere")


@pytest.mark.parametrize("keep", [0, 100, 30_000])
def test_truncated_store_is_refused(copy: Path, keep: int) -> None:
    os.truncate(copy / "store.npz", keep)
    assert not is_complete(copy)
    with pytest.raises(DataError, match=r"damaged.*run molgen prepare again"):
        read_store(copy)


def test_store_without_manifest_is_unfinished(copy: Path) -> None:
    (copy / "manifest.json").unlink()
    assert not is_complete(copy)
    with pytest.raises(DataError, match="no prepared data set"):
        read_store(copy)


def test_store_of_another_manifest_is_unfinished(copy: Path, store: MoleculeStore) -> None:
    manifest = (copy / "manifest.json").read_text()
    write_store(
        store.subset(np.arange(5), {s: np.arange(0) for s in ("train", "validation", "test")}), copy, {}
    )
    assert is_complete(copy)
    (copy / "manifest.json").write_text(manifest)
    assert not is_complete(copy)


@pytest.mark.parametrize("text", ["", '{"name": "qm9", "forma', "\x00\x00"])
def test_damaged_manifest_is_refused(copy: Path, text: str) -> None:
    (copy / "manifest.json").write_text(text)
    assert not is_complete(copy)
    with pytest.raises(DataError, match="delete it and run molgen prepare again"):
        read_manifest(copy)


def test_other_format_version_is_refused(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**manifest, "format_version": 99}))
    assert not is_complete(copy)
    with pytest.raises(DataError, match="format version 99"):
        read_store(copy)


def test_folder_that_cannot_be_made_is_an_input_error(store: MoleculeStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match=r"cannot write .*choose a writable place"):
        write_store(store, tmp_path / "file" / "qm9", {})


def test_killed_writer_leaves_nothing_that_looks_finished(copy: Path, store: MoleculeStore) -> None:
    """SIGKILL while the store is being compressed over an older, complete one."""
    source = copy.with_name("source")
    shutil.copytree(copy, source)
    writer = subprocess.Popen([sys.executable, "-c", SLOW_WRITER, str(source), str(copy)])
    try:
        deadline = time.monotonic() + 300
        while not list(copy.glob(".*.part")) and time.monotonic() < deadline and writer.poll() is None:
            time.sleep(0.01)
    finally:
        writer.kill()
    assert writer.wait() == -signal.SIGKILL
    assert list(copy.glob(".*.part"))
    assert not is_complete(copy)
    write_store(store, copy, {"name": "repaired"})
    assert is_complete(copy)
    assert {p.name for p in copy.iterdir()} == {"store.npz", "manifest.json"}
