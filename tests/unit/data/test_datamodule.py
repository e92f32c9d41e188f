"""The data module: which molecules each loader gives."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from molgen.core import Vocab
from molgen.core.errors import ConfigError, DataError
from molgen.data import MoleculeStore
from molgen.data.datamodule import MolDataModule
from molgen.data.properties import PROPERTIES


@pytest.fixture
def data(vocab: Vocab, root: Path) -> MolDataModule:
    return MolDataModule(vocab, str(root), ["atom", "number"], batch_size=8)


def test_training_batches_have_the_asked_size_and_fields(data: MolDataModule) -> None:
    batches = list(data.train_dataloader())
    assert [len(b) for b in batches] == [8] * 20
    assert [name for name, _ in batches[0].items()] == ["pos", "atom", "number"]


def test_validation_and_test_hold_every_molecule_once(data: MolDataModule, store: MoleculeStore) -> None:
    for loader, split in ((data.val_dataloader(), store.validation), (data.test_dataloader(), store.test)):
        sizes = torch.cat([batch.num_atoms for batch in loader])
        assert sorted(sizes.tolist()) == sorted(store.num_atoms[split].tolist())


def test_prediction_asks_for_the_sizes_of_the_test_split(data: MolDataModule, store: MoleculeStore) -> None:
    sizes = torch.cat(list(data.predict_dataloader()))
    assert sizes.tolist() == sorted(store.num_atoms[store.test].tolist())


def test_train_size_cuts_training_and_its_prior(vocab: Vocab, root: Path, store: MoleculeStore) -> None:
    data = MolDataModule(vocab, str(root), batch_size=4, train_size=10)
    assert len(data.train_dataloader()) == 2
    assert sum(data.size_prior.counts.values()) == 10
    assert set(data.size_prior.counts) == set(store.num_atoms[store.train[:10]].tolist())
    assert len(data.dataset("validation")) == 20


def test_prior_is_that_of_the_training_split(data: MolDataModule) -> None:
    assert sum(data.size_prior.counts.values()) == 160


def test_missing_data_set_is_named(vocab: Vocab, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="make one with: molgen prepare"):
        MolDataModule(vocab, str(tmp_path)).setup("fit")


def test_batch_size_below_one_is_refused(vocab: Vocab) -> None:
    with pytest.raises(ConfigError, match="batch_size must be at least 1, got 0"):
        MolDataModule(vocab, batch_size=0)


def test_batches_carry_properties_as_labels(vocab: Vocab, root: Path, store: MoleculeStore) -> None:
    """A name that is no field is a property of the store, in its unit."""
    data = MolDataModule(vocab, str(root), ["atom", "gap", "mu"], batch_size=8)
    batch = next(iter(data.val_dataloader()))
    assert set(batch.labels) == {"gap", "mu"}
    columns = list(PROPERTIES)
    known = store.properties[store.validation]
    for name, label in batch.labels.items():
        values = known[:, columns.index(name)]
        assert all(abs(values - value).min() < 1e-6 * abs(value) for value in label.tolist())


def test_a_name_that_is_neither_field_nor_property_is_refused(vocab: Vocab, root: Path) -> None:
    data = MolDataModule(vocab, str(root), ["atom", "colour"], batch_size=8)
    with pytest.raises(DataError, match=r"\['colour'\], which are neither fields .* nor properties .*gap"):
        data.dataset("train")
