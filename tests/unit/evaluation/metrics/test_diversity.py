"""Internal diversity against RDKit's own similarities, on all pairs and on drawn ones."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from molgen.evaluation import Table
from molgen.evaluation.metrics import METRICS, Estimate
from molgen.evaluation.metrics.diversity import MAX_PAIRS

NAMES = [
    "".join(parts) for parts in product(["C", "N", "O", "F", "c1ccccc1"], ["C", "CC", "C(=O)"], ["N", "O"])
]


def diversity(names: list[str | None]) -> Estimate:
    rows = [{"valid": name is not None, "smiles": name} for name in names]
    figure = METRICS["diversity"](Table.from_rows(rows), None)
    assert isinstance(figure, Estimate)
    return figure


def by_rdkit(names: list[str]) -> float:
    make = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    prints = [make.GetFingerprint(Chem.MolFromSmiles(name)) for name in names]
    alike = [DataStructs.BulkTanimotoSimilarity(prints[i], prints[:i]) for i in range(1, len(prints))]
    return 1 - float(np.mean(np.concatenate(alike)))


def test_rdkit_finds_the_same() -> None:
    figure = diversity([*NAMES, None])
    assert figure.value == pytest.approx(by_rdkit(NAMES))
    assert (figure.count, figure.total, figure.over) == (len(NAMES), len(NAMES), "unique molecules")
    assert figure.interval is not None
    assert 0 < figure.interval[0] < by_rdkit(NAMES) < figure.interval[1] < 1


def test_order_and_duplicates_change_nothing() -> None:
    expected = diversity(NAMES)
    assert diversity([*NAMES[::-1], *NAMES]) == expected


def test_drawn_pairs_are_fair() -> None:
    chains = ["C" * a + middle + "C" * b for a in range(1, 17) for middle in "NOS" for b in range(a, 30)]
    names = sorted({Chem.CanonSmiles(name) for name in chains})
    assert len(names) * (len(names) - 1) // 2 > MAX_PAIRS
    assert diversity(names).value == pytest.approx(by_rdkit(names), abs=2e-3)


def test_fewer_than_two_molecules_have_none() -> None:
    figure = diversity(["C", "C", None])
    assert (figure.value, figure.count, figure.note) == (None, 1, "it takes two molecules")
    assert diversity([None]).value is None


def test_names_that_cannot_be_read_back_are_counted() -> None:
    figure = diversity(["C", "CC", "no molecule"])
    assert (figure.count, figure.total, figure.note) == (2, 3, "1 SMILES cannot be read back")
