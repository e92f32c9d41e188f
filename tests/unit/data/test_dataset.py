"""One molecule as a graph, many as a dense batch, and back to chemistry."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from molgen.chem import decode, encode
from molgen.chem.identity import canonical_smiles
from molgen.core import Vocab
from molgen.core.errors import FieldError, InputError
from molgen.core.geometry import centre
from molgen.data import MoleculeStore
from molgen.data.dataset import MolDataset

ITEMS = [7, 0, 150, 3, 199, 42]


def test_batch_agrees_with_single_molecules(dataset: MolDataset, vocab: Vocab) -> None:
    batch = dataset.batch(ITEMS)
    for item, row in zip(ITEMS, batch, strict=True):
        data = dataset.get(item)
        assert row.num_atoms.item() == data.num_nodes == dataset.num_atoms[item]
        numbers, charges = torch.tensor(vocab.atomic_numbers), torch.tensor(vocab.charges)
        assert torch.equal(numbers[row["atom"][0].argmax(-1)], data.z)
        assert torch.equal(charges[row["charge"][0].argmax(-1)], data.charge)
        assert torch.equal(row["number"][0, :, 0].long(), data.z)
        centred = centre(data.pos.double()[None], row.mask)
        torch.testing.assert_close(row.pos.double(), centred, atol=1e-6, rtol=0)
        orders = torch.zeros(len(data.z), len(data.z), dtype=torch.int64)
        orders[data.edge_index[0], data.edge_index[1]] = data.edge_attr
        pairs = row.entry_mask("bond")[0]
        assert torch.equal(row["bond"][0].argmax(-1), orders)
        assert torch.equal(row["bond"][0].sum(-1), pairs.float())


def test_batch_keeps_the_conventions(dataset: MolDataset) -> None:
    batch = dataset.batch(np.arange(200))
    assert batch.mask.shape == (200, dataset.num_atoms.max())
    assert batch.num_atoms.tolist() == dataset.num_atoms.tolist()
    assert batch.pos.sum(dim=1).abs().max() < 1e-4
    for name, value in batch.items():
        assert value.dtype == torch.float32
        assert not value[~batch.entry_mask(name)].any()
    assert torch.equal(batch["bond"], batch["bond"].transpose(1, 2))


def test_graph_carries_properties_and_smiles(dataset: MolDataset, store: MoleculeStore) -> None:
    data = dataset.get(11)
    assert data.y.tolist() == [store.properties[11].tolist()]
    assert data.smiles == store.smiles[11].decode()
    assert len(dataset) == 200


def test_decode_gives_the_source_and_encode_gives_the_batch(dataset: MolDataset, vocab: Vocab) -> None:
    batch = dataset.batch(np.arange(200))
    molecules = decode(batch, vocab)
    for item, molecule in enumerate(molecules):
        assert molecule.smiles == canonical_smiles(dataset.get(item).smiles)
    again = encode(molecules, vocab, [name for name, _ in batch.items()])
    assert torch.equal(again.mask, batch.mask)
    for name, value in batch.items():
        torch.testing.assert_close(again[name], value, atol=1e-5 if name == "pos" else 0.0, rtol=0)


def test_fields_come_in_registry_order_and_only_as_asked(store: MoleculeStore, vocab: Vocab) -> None:
    batch = MolDataset(store, store.validation, vocab, ["number", "atom"]).batch([0, 1])
    assert [name for name, _ in batch.items()] == ["pos", "atom", "number"]


def test_unknown_field_is_refused(store: MoleculeStore, vocab: Vocab) -> None:
    with pytest.raises(FieldError, match=r"unknown fields \['colour'\]; known are"):
        MolDataset(store, store.train, vocab, ["atom", "colour"])


def test_element_outside_the_vocabulary_is_refused(store: MoleculeStore) -> None:
    fluorine = np.flatnonzero(np.add.reduceat(store.numbers == 9, store.atom_offsets[:-1]))
    dataset = MolDataset(store, fluorine, Vocab(["H", "C", "N", "O"]), ["atom"])
    with pytest.raises(InputError, match="atomic number 9 is not in the vocabulary"):
        dataset.batch([0])
