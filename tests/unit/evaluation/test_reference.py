"""References answer membership exactly, survive the disk, and come from names and files of many kinds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molgen.chem import Molecule, edm_smiles, write_molecules
from molgen.core.errors import InputError
from molgen.evaluation import ReferenceSet, load_reference
from molgen.evaluation.protocols import BOND_RULES


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
