"""Statistics of training molecules: counted right, and the same after being stored."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
import torch
from rdkit import Chem
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from molgen.core import Vocab
from molgen.core.errors import CheckpointError, DataError
from molgen.data import MoleculeStore
from molgen.data.dataset import MolDataset
from molgen.data.properties import PROPERTIES
from molgen.data.size_prior import SizePrior
from molgen.data.statistics import PropertyByFormula, PropertyHistogram, TrainingStatistics


@pytest.fixture
def train(store: MoleculeStore, vocab: Vocab) -> MolDataset:
    return MolDataset(store, store.train, vocab, ["atom"], {"gap": list(PROPERTIES).index("gap")})


def test_formulas_are_those_of_the_smiles(train: MolDataset) -> None:
    """RDKit's own formula of every molecule, counted."""
    smiles = [train.store.smiles[i].decode() for i in train.index]
    expected = Counter(CalcMolFormula(Chem.AddHs(Chem.MolFromSmiles(s))) for s in smiles)
    counted = TrainingStatistics.of(train).formulas
    assert {f: n for f, n in expected.items() if "+" not in f and "-" not in f}.items() <= counted.items()
    assert sum(counted.values()) == len(train)
    assert list(counted.values()) == sorted(counted.values(), reverse=True)


def test_histograms_count_every_molecule_in_its_bin() -> None:
    rng = np.random.default_rng(0)
    sizes = rng.integers(3, 6, 5000)
    values = sizes + rng.normal(size=5000)
    values[:10] = np.nan
    histogram = PropertyHistogram.of(values, sizes)
    assert histogram.counts.sum() == 4990
    assert histogram.range == (np.nanmin(values), np.nanmax(values))
    known = torch.from_numpy(values[10:])
    edges = histogram.edges
    column = histogram.column(known)
    inside = known.clamp(edges[0].item(), edges[-1].item())
    assert (edges[column] <= inside).all() and (inside <= edges[column + 1]).all()
    for row, size in enumerate(histogram.sizes.tolist()):
        mine = torch.bincount(
            column[torch.from_numpy(sizes[10:] == size)], minlength=histogram.counts.shape[1]
        )
        assert torch.equal(mine, histogram.counts[row])


def test_storing_changes_nothing(train: MolDataset) -> None:
    first = TrainingStatistics.of(train)
    again = TrainingStatistics.from_dict(json.loads(json.dumps(first.to_dict())))
    assert again.sizes.counts == first.sizes.counts and again.formulas == first.formulas
    for name in ("edges", "sizes", "counts"):
        assert torch.equal(getattr(again.properties["gap"], name), getattr(first.properties["gap"], name))
    for name in ("means", "spreads"):
        kept, measured = (getattr(s.by_formula["gap"], name) for s in (again, first))
        assert len(measured) == len(first.formulas)
        torch.testing.assert_close(kept, measured, rtol=1e-5, atol=0)


def test_statistics_of_earlier_versions_know_nothing_by_formula(train: MolDataset) -> None:
    content = TrainingStatistics.of(train).to_dict()
    del content["by_formula"]
    assert not TrainingStatistics.from_dict(content).by_formula


def test_formulas_tell_what_their_molecules_have(train: MolDataset) -> None:
    """Mean of every formula; spreads between that of its own molecules and that within all formulas."""
    gaps = train.store.properties[train.index, train.labels["gap"]]
    found = TrainingStatistics.of(train)
    texts = [
        CalcMolFormula(Chem.AddHs(Chem.MolFromSmiles(train.store.smiles[i].decode()))) for i in train.index
    ]
    known = found.by_formula["gap"]
    groups = {f: gaps[[t == f for t in texts]] for f in set(texts) if f in found.formulas}
    within = [values - values.mean() for values in groups.values()]
    common = np.sqrt(np.concatenate(within).var())
    place = {formula: i for i, formula in enumerate(found.formulas)}
    assert len(groups) > 20
    for formula, values in groups.items():
        assert known.means[place[formula]] == pytest.approx(values.mean())
        low, high = sorted((values.std(), common))
        assert 0.95 * low < known.spreads[place[formula]] < 1.05 * high


def test_formulas_of_few_molecules_have_long_tails() -> None:
    """Ten spreads away, two molecules say less against a value than a thousand do."""
    known = PropertyByFormula(torch.zeros(2), torch.ones(2))
    away = known.log_density(torch.tensor([0.0, 10.0]), torch.tensor([1000, 2]))
    normal = torch.distributions.Normal(0.0, 1.0).log_prob(torch.tensor([0.0, 10.0]))
    assert away[1, 1] > away[1, 0] + 20 and away[0, 1] < away[0, 0]
    torch.testing.assert_close(away[:1, 0], normal[:1].double(), atol=1e-2, rtol=0)


def test_formulas_without_values_are_like_all_and_some_tell_nothing() -> None:
    formula = np.array([0, 0, 1])
    known = PropertyByFormula.of(np.array([1.0, 3.0, np.nan]), formula, 2)
    assert known is not None and known.means.tolist() == [2.0, 2.0]
    assert known.spreads.tolist() == [1.0, 1.0]
    for values in ([1.0, 1.0, 3.0], [0.1 + 0.2, 0.3, 3.0], [2.0, 2.0, 2.0], [np.nan] * 3):
        assert PropertyByFormula.of(np.array(values), formula, 2) is None


def test_damage_is_noticed() -> None:
    with pytest.raises(CheckpointError, match="damaged"):
        TrainingStatistics.from_dict({"sizes": {"3": 1}})
    for means, spreads, why in (([1.0], [1.0, 1.0], "1 means"), ([1.0, 2.0], [1.0, 0.0], "spreads above 0")):
        content = TrainingStatistics(SizePrior({3: 1}), {"H2O": 1, "H3N": 2}).to_dict()
        content["by_formula"] = {"gap": {"means": means, "spreads": spreads}}
        with pytest.raises(CheckpointError, match=f"damaged.*{why}"):
            TrainingStatistics.from_dict(content)


def test_constant_and_missing_values() -> None:
    """One value for all gives bins of some width; no value at all is refused."""
    constant = PropertyHistogram.of(np.full(50, 3.0), np.full(50, 9))
    assert (constant.edges.diff() > 0).all() and constant.range == (3.0, 3.0)
    assert constant.counts.sum() == constant.counts[0, 0] == 50
    nearly = PropertyHistogram.of(np.append(np.zeros(9999), 0.5), np.full(10_000, 9))
    assert (nearly.edges.diff() > 0).all() and nearly.range == (0.0, 0.5)
    with pytest.raises(DataError, match="no training molecule has a value"):
        PropertyHistogram.of(np.full(5, np.nan), np.full(5, 9))
