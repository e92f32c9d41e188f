"""References answer membership exactly, survive the disk, and come from names and files of many kinds.

What they know of the molecules' geometry survives as well, and damage to it is named.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molgen.chem import Molecule, edm_smiles, write_molecules
from molgen.core.errors import InputError
from molgen.evaluation import ReferenceSet, load_reference
from molgen.evaluation.chemnet import ChemNetStatistics
from molgen.evaluation.known_molecules import KnownMolecules
from molgen.evaluation.measures import MEASURES
from molgen.evaluation.protocols import BOND_RULES
from molgen.evaluation.reference_sources import SHIPPED, reference_of


@given(st.lists(st.text(max_size=12)), st.lists(st.text(max_size=12)))
def test_membership_is_that_of_a_set(known: list[str], asked: list[str]) -> None:
    reference = ReferenceSet.from_smiles(known, "test")
    assert len(reference) == len(set(known))
    assert reference.contains_all(asked + known).tolist() == [s in set(known) for s in asked + known]


def test_failed_molecules_are_left_out() -> None:
    assert len(ReferenceSet.from_smiles(["C", None, "C", "N"], "test")) == 2


def test_survives_the_disk_and_other_processes(tmp_path: Path) -> None:
    path = tmp_path / "known.npz"
    ReferenceSet.from_smiles(["CCO", "C"], "two").save(path)
    code = f"from molgen.evaluation import ReferenceSet as R; print(R.load({str(path)!r}).contains('CCO'))"
    other = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert other.stdout.strip() == "True"
    back = ReferenceSet.load(path)
    assert (back.name, back.contains("C"), back.contains("CC")) == ("two", True, False)


def test_what_is_no_reference(tmp_path: Path) -> None:
    path = tmp_path / "known.npz"
    np.savez(path, digests=np.array([[2, 0, 0, 0, 0], [1, 0, 0, 0, 0]], dtype=np.uint8), name="unsorted")
    with pytest.raises(InputError, match="not sorted"):
        ReferenceSet.load(path)
    np.savez(path, digests=np.zeros((1, 5), dtype=np.uint8))
    with pytest.raises(InputError, match="name and digests"):
        ReferenceSet.load(path)
    np.savez(path, digests=np.array([1], dtype=np.uint64), name="eight bytes")
    with pytest.raises(InputError, match="another version"):
        ReferenceSet.load(path)
    path.write_bytes(b"PK nonsense")
    with pytest.raises(InputError, match=r"known\.npz"):
        ReferenceSet.load(path)


@pytest.mark.parametrize("bonds", BOND_RULES)
def test_shipped_qm9_knows_small_molecules_of_its_training_split(bonds: str) -> None:
    reference = load_reference("qm9", bonds)
    assert 95_000 < len(reference) <= 100_000
    # By the published split dimethyl ether is a training molecule and ethanol is not.
    assert reference.contains("COC")
    assert not reference.contains("CCO")


def test_charged_molecules_are_known_by_their_own_bonds_alone(
    tmp_path: Path, embed: Callable[[str], Molecule]
) -> None:
    """The edm rule gives no charges, so it cannot name a zwitterion."""
    path, betaine = tmp_path / "known.sdf", "C[N+](C)(C)CC(=O)[O-]"
    write_molecules([embed(betaine)], path)
    assert load_reference(path, bonds="own").contains(betaine)
    assert not load_reference(path, bonds="edm").contains(betaine)


@pytest.mark.parametrize("suffix", ["sdf", "xyz", "npz"])
def test_molecule_files(tmp_path: Path, suffix: str, ethanol: Molecule, extra_hydrogen: Molecule) -> None:
    path = tmp_path / f"known.{suffix}"
    write_molecules([ethanol, extra_hydrogen, ethanol], path)
    reference = load_reference(path)
    assert (reference.name, len(reference), reference.contains("CCO")) == (path.name, 1, True)


def test_digest_file(tmp_path: Path) -> None:
    ReferenceSet.from_smiles(["CCO"], "mine").save(tmp_path / "known.npz")
    assert load_reference(str(tmp_path / "known.npz")).name == "mine"


def test_smiles_file_is_brought_to_canonical_form(tmp_path: Path, ethanol: Molecule) -> None:
    path = tmp_path / "known.smi"
    path.write_text("OCC ethanol\n\nC[C@H](N)O\tchiral\nC.OCCC\n")
    reference = load_reference(path)
    assert reference.contains_all(["CCO", "CC(N)O", "CCCO", "C"]).tolist() == [True, True, True, False]
    assert reference.contains_all([s for s in edm_smiles([ethanol]) if s]).all()


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'qm8'.*qm9.*\.smi"):
        load_reference("qm8")
    path = tmp_path / "known.smi"
    path.write_text("C\nnot_a_smiles\n")
    with pytest.raises(InputError, match="line 2: 'not_a_smiles'"):
        load_reference(path)
    path.write_text("\n")
    with pytest.raises(InputError, match="no SMILES"):
        load_reference(path)


@pytest.fixture
def described(ethanol: Molecule, embed: Callable[[str], Molecule]) -> ReferenceSet:
    """A reference that knows distributions and ChemNet's view, the latter made up."""
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(40, 6)) @ rng.normal(size=(6, 6))
    seen[:, 3] = 0.25
    chemnet = ChemNetStatistics(40, seen.mean(axis=0), np.cov(seen.T))
    return replace(reference_of([ethanol, embed("C")], "described"), chemnet=chemnet)


def test_distributions_survive_the_disk(tmp_path: Path, described: ReferenceSet) -> None:
    described.save(tmp_path / "known.npz")
    back = ReferenceSet.load(tmp_path / "known.npz")
    assert set(back.distributions) == set(MEASURES)
    for measure, found in back.distributions.items():
        expected = described.distributions[measure]
        assert (found.molecules, list(found.kinds)) == (expected.molecules, list(expected.kinds))
        for kind, distribution in found.kinds.items():
            assert distribution.count == expected.kinds[kind].count
            assert np.array_equal(distribution.points, expected.kinds[kind].points)
    assert back.chemnet is not None and described.chemnet is not None
    assert back.chemnet.molecules == 40
    assert back.chemnet.mean == pytest.approx(described.chemnet.mean, rel=1e-6)
    assert back.chemnet.covariance == pytest.approx(described.chemnet.covariance, abs=2e-3)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("distribution/size/points", None),
        ("distribution/size/points", np.array([9.0, np.nan], dtype=np.float32)),
        ("distribution/size/points", np.array([9.0, 8.0], dtype=np.float32)),
        ("distribution/size/points", np.array([8.0, 9.0])),
        ("distribution/size/lengths", np.array([3])),
        ("distribution/size/counts", np.array([1])),
        ("distribution/size/kinds", np.array(["a", "b"])),
        ("distribution/size/molecules", np.array(0)),
        ("chemnet/mean", None),
        ("chemnet/correlation", np.zeros(4, dtype=np.int16)),
    ],
)
def test_damaged_distributions_are_named(
    tmp_path: Path, described: ReferenceSet, part: str, value: np.ndarray | None
) -> None:
    path = tmp_path / "known.npz"
    described.save(path)
    with np.load(path) as stored:
        arrays = dict(stored)
    arrays.pop(part)
    np.savez(path, **arrays, **({} if value is None else {part: value}))
    with pytest.raises(InputError, match=r"known\.npz is damaged: .*make the reference again"):
        ReferenceSet.load(path)


def test_files_of_digests_alone_still_load(tmp_path: Path) -> None:
    path = tmp_path / "old.npz"
    np.savez(path, name="old", digests=np.array([[1, 0, 0, 0, 0]], dtype=np.uint8))
    reference = ReferenceSet.load(path)
    assert (len(reference), reference.distributions, reference.chemnet) == (1, {}, None)


def test_a_file_of_molecules_is_measured_when_asked(tmp_path: Path, ethanol: Molecule) -> None:
    path = tmp_path / "known.sdf"
    assert ethanol.bonds is not None
    broken = replace(ethanol, bonds=ethanol.bonds * [1, 1, 2])
    write_molecules([ethanol, broken, ethanol], path)
    reference = load_reference(path, "own")
    assert isinstance(reference.distributions, KnownMolecules)
    assert "_measured" not in vars(reference.distributions)
    size = reference.distributions["size"]
    assert (size.molecules, size.kinds["atoms"].points.tolist()) == (2, [9.0, 9.0])
    assert reference.distributions["ring_sizes"].kinds == {}
    assert list(reference.smiles) == ["CCO", "CCO"]


def test_a_file_of_smiles_knows_no_geometry(tmp_path: Path) -> None:
    path = tmp_path / "known.smi"
    path.write_text("OCC\nC\n")
    reference = load_reference(path)
    assert (reference.distributions, sorted(reference.smiles)) == ({}, ["C", "CCO"])


def test_shipped_qm9_knows_the_geometry_of_its_test_split() -> None:
    reference = load_reference("qm9", "own")
    assert "test split (distances)" in reference.name and "training split (novelty)" in reference.name
    assert set(reference.distributions) == set(MEASURES)
    assert {known.molecules for known in reference.distributions.values()} == {13_083}
    lengths = reference.distributions["bond_lengths"].kinds
    assert float(lengths["C-H"].points.mean()) == pytest.approx(1.093, abs=0.001)
    assert float(np.median(lengths["C:C"].points)) == pytest.approx(1.40, abs=0.02)
    assert reference.chemnet is not None and reference.chemnet.molecules == 13_083
    assert (SHIPPED / "qm9_own.npz").stat().st_size < 900_000


def test_expected_uniqueness_is_the_mean_over_every_way_to_draw() -> None:
    known = ReferenceSet.from_smiles(["C", "CC", "CCC"], "alkanes")
    for draws in (1, 2, 4):
        ways = list(itertools.product(range(3), repeat=draws))
        mean = sum(len(set(way)) for way in ways) / len(ways) / draws
        assert known.expected_uniqueness(draws) == pytest.approx(mean)


@pytest.mark.parametrize(("smiles", "draws"), [([], 1), (["C"], 0)])
def test_nothing_has_no_uniqueness(smiles: list[str], draws: int) -> None:
    with pytest.raises(InputError, match=f"got {draws} of {len(smiles)}"):
        ReferenceSet.from_smiles(smiles, "none").expected_uniqueness(draws)
