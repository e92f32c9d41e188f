"""What a model with bonds and charges writes is what a toolkit reads: one SMILES from scores and from SDF."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from rdkit import Chem

from molgen.chem import decode, write_molecules
from molgen.core import MolBatch, Vocab
from molgen.data import read_store
from molgen.data.dataset import MolDataset

ROOT = Path(__file__).parents[3]
FIELDS = ["atom", "charge", "bond"]
MOLECULES = 500


def as_scores(batch: MolBatch, generator: torch.Generator) -> MolBatch:
    """Logits whose argmax is the clean category: 4 for it, noise below 3 for the others, padding zero.

    The two directions of a pair get different noise, as a careless network might give.
    """
    return batch.map(
        lambda name, value: (
            value
            if name == "pos"
            else 4 * value + 3 * torch.rand(value.shape, generator=generator) * (1 - value)
        )
    ).masked()


def smiles_read_by_rdkit(path: Path) -> list[str]:
    """Constitution SMILES of every record, sanitised by RDKit's own reader."""
    read = list(Chem.SDMolSupplier(str(path)))
    assert all(mol is not None for mol in read)
    return [Chem.MolToSmiles(mol, isomericSmiles=False) for mol in read]


def source_smiles(root: Path, items: np.ndarray) -> list[str]:
    """Constitution SMILES of the data set's own strings, which no code of molgen has touched."""
    mols = [Chem.MolFromSmiles(s.decode()) for s in read_store(root).smiles[items]]
    return [Chem.MolToSmiles(mol, isomericSmiles=False) for mol in mols]


def charged_items(root: Path) -> np.ndarray:
    """Molecules with at least one formal charge."""
    store = read_store(root)
    return np.flatnonzero(np.maximum.reduceat(np.abs(store.charges), store.atom_offsets[:-1]))


def check(root: Path, items: np.ndarray, tmp_path: Path, vocab: Vocab) -> None:
    """Demand the source's SMILES back, from one-hot categories and from scores."""
    clean = MolDataset(read_store(root), items, vocab, FIELDS).batch(np.arange(len(items)))
    expected = source_smiles(root, items)
    path = tmp_path / "molecules.sdf"
    for batch in (clean, as_scores(clean, torch.Generator().manual_seed(0))):
        molecules = decode(batch, vocab)
        write_molecules(molecules, path)
        assert [m.smiles for m in molecules] == expected
        assert smiles_read_by_rdkit(path) == expected


def test_the_fixture_comes_back(tmp_path: Path, vocab: Vocab) -> None:
    root = ROOT / "tests" / "fixtures" / "qm9_200"
    assert len(charged_items(root)) > 0
    check(root, np.arange(200), tmp_path, vocab)


@pytest.mark.full
def test_qm9_comes_back_charged_molecules_among_it(tmp_path: Path, vocab: Vocab) -> None:
    root = ROOT / "datasets" / "qm9"
    rng = np.random.default_rng(7)
    charged = rng.choice(charged_items(root), MOLECULES // 2, replace=False)
    any_of = rng.choice(len(read_store(root)), MOLECULES // 2, replace=False)
    check(root, np.concatenate([charged, any_of]), tmp_path, vocab)
