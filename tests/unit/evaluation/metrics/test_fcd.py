"""The Frechet ChemNet distance: its formula, what the package fcd says, and when there is none."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from molgen.core.errors import InputError
from molgen.evaluation import ReferenceSet, Table
from molgen.evaluation.chemnet import ChemNetStatistics, activations
from molgen.evaluation.metrics import METRICS, Estimate

NAMES = ["CCO", "CC=O", "c1ccccc1", "N#CC", "OCCO", "C1CC1", "CNC", "CC(C)=O", "OC=O", "CCN", "C#CC", "COC"]
OTHERS = ["CO", "CCC", "c1ccncc1", "N#C", "NCCO", "C1CCC1", "CN", "CCC=O", "CC(=O)O", "CCCN", "C#C", "CSC"]


def table(names: list[str | None]) -> Table:
    return Table.from_rows([{"valid": name is not None, "smiles": name} for name in names])


def figure(names: list[str | None], reference: ReferenceSet | None) -> Estimate:
    found = METRICS["fcd"](table(names), reference)
    assert isinstance(found, Estimate)
    return found


def reference_of(smiles: list[str]) -> ReferenceSet:
    return ReferenceSet("known", np.zeros(0, dtype=np.uint64), smiles=smiles)


def statistics(mean: list[float], deviations: list[float]) -> ChemNetStatistics:
    return ChemNetStatistics(2, np.array(mean), np.diag(np.square(deviations)))


def test_distance_of_gaussians_by_hand() -> None:
    """Independent ones: the squared differences of their means and deviations."""
    a, b = statistics([0.0, 1.0], [1.0, 2.0]), statistics([3.0, 1.0], [1.5, 0.0])
    assert a.distance(b) == pytest.approx(3**2 + 0.5**2 + 2**2)
    assert a.distance(a) == pytest.approx(0, abs=1e-9)


def test_distance_of_gaussians_is_that_of_the_package() -> None:
    package = pytest.importorskip("fcd")
    rng = np.random.default_rng(0)
    seen = [rng.normal(size=(300, 8)) @ rng.normal(size=(8, 8)) for _ in range(2)]
    a, b = (ChemNetStatistics(300, x.mean(axis=0), np.cov(x.T)) for x in seen)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        expected = package.calculate_frechet_distance(a.mean, a.covariance, b.mean, b.covariance)
    assert a.distance(b) == pytest.approx(expected, rel=1e-6)
    assert b.distance(a) == pytest.approx(expected, rel=1e-6)


@pytest.mark.filterwarnings("ignore:Implicitly cleaning up:ResourceWarning")
def test_through_chemnet(monkeypatch: pytest.MonkeyPatch) -> None:
    package = pytest.importorskip("fcd")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        expected = package.get_predictions(package.load_ref_model(), NAMES, n_jobs=0, device="cpu")
    assert activations(NAMES) == pytest.approx(expected, abs=1e-5)
    monkeypatch.setitem(METRICS["fcd"].__globals__, "MIN_MOLECULES", 5)
    found = figure([*NAMES, None], reference_of(OTHERS))
    assert found.value is not None and found.value > 0.1
    assert (found.count, found.total, found.over) == (12, 12, "valid molecules")
    assert figure(NAMES[::-1], reference_of(NAMES)).value == pytest.approx(0, abs=1e-3)


def test_chemnet_refuses_what_it_would_misread() -> None:
    pytest.importorskip("fcd")
    with pytest.raises(InputError, match="fewer than 350 characters, got 350"):
        activations(["C" * 350])


def test_without_a_value_the_note_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    assert figure(NAMES, None).note == "no reference was given"
    assert figure(NAMES, reference_of([])).note == "reference 'known' has no SMILES"
    few = figure(NAMES, reference_of(OTHERS * 200))
    assert (few.value, few.note) == (None, "it takes 2000 molecules, got 12 and 2400 in the reference")
    monkeypatch.setitem(METRICS["fcd"].__globals__, "find_spec", lambda name: None)
    missing = figure(NAMES * 200, reference_of(OTHERS * 200))
    assert missing.value is None and missing.note is not None
    assert 'pip install "molgen3d[eval]"' in missing.note
