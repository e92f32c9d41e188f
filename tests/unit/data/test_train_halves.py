"""The halves of the training split, of which a judge has one and a generator the other."""

from __future__ import annotations

from pathlib import Path

from molgen.core import Vocab
from molgen.data import MoleculeStore
from molgen.data.datamodule import MolDataModule


def test_a_negative_size_takes_the_last_molecules(vocab: Vocab, root: Path, store: MoleculeStore) -> None:
    first, last = (
        MolDataModule(vocab, str(root), train_size=size).dataset("train").index for size in (80, -80)
    )
    assert len(store.train) == 160
    assert first.tolist() == store.train[:80].tolist()
    assert last.tolist() == store.train[80:].tolist()
    assert not set(first) & set(last)
