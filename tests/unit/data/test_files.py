"""Molecules of one's own: every format in, a split store out, and a reason for whatever is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from molgen.chem import Molecule, write_molecules
from molgen.chem.conformers import embed
from molgen.cli.main import main
from molgen.core import Vocab
from molgen.core.errors import DataError, InputError
from molgen.data import read_store
from molgen.data.dataset import MolDataset
from molgen.data.files import objection, prepare_files, store_of

ALCOHOLS = ["C" * n + "O" for n in range(1, 21)]


@pytest.fixture
def smiles_file(tmp_path: Path) -> Path:
    """Twenty alcohols, one of them named, one line that is no SMILES, one empty line."""
    path = tmp_path / "alcohols.smi"
    path.write_text("\n".join(["CO methanol", "", *ALCOHOLS[1:], "not-a-smiles"]) + "\n")
    return path


def test_embedding_gives_bond_lengths_charges_and_kekulised_bonds() -> None:
    molecule = embed("[O-]C(=O)c1ccccc1 benzoate")
    assert molecule.failure is None and molecule.bonds is not None and molecule.charges is not None
    first, second, order = molecule.bonds.T
    lengths = np.linalg.norm(molecule.pos[first] - molecule.pos[second], axis=1)
    assert (lengths > 0.9).all() and (lengths < 1.7).all()
    assert set(order) == {1, 2} and molecule.charges.sum() == -1
    assert molecule.record == {"geometry": "mmff94", "name": "benzoate"}
    assert np.array_equal(embed("[O-]C(=O)c1ccccc1").pos, molecule.pos)
    assert not np.allclose(embed("[O-]C(=O)c1ccccc1", seed=1).pos, molecule.pos)


def test_a_store_of_smiles_holds_all_that_can_be_read(smiles_file: Path, tmp_path: Path) -> None:
    manifest = prepare_files([smiles_file], tmp_path / "store")
    store = read_store(tmp_path / "store")
    assert store.smiles.astype(str).tolist() == ALCOHOLS
    assert [len(store.train), len(store.validation), len(store.test)] == [16, 2, 2]
    assert sorted(np.concatenate([store.train, store.validation, store.test])) == list(range(20))
    (left_out,) = manifest["left_out"]
    reason = "'not-a-smiles' is no SMILES that RDKit reads; give one a line, then a blank and a name"
    assert (left_out["record"], left_out["reason"]) == (21, reason)
    assert manifest["atomic_numbers"] == [1, 6, 8] and manifest["formal_charges"] == [0]


def test_batches_are_the_molecules(smiles_file: Path, tmp_path: Path, vocab: Vocab) -> None:
    prepare_files([smiles_file], tmp_path / "store")
    dataset = MolDataset(read_store(tmp_path / "store"), np.arange(20), vocab, ["atom", "charge", "bond"])
    batch, methanol = dataset.batch([0, 3]), embed("CO")
    distances = np.linalg.norm(methanol.pos[:, None] - methanol.pos, axis=-1)
    assert batch.num_atoms.tolist() == [6, 15]
    pos = batch.pos[0, :6].double().numpy()
    assert np.allclose(np.linalg.norm(pos[:, None] - pos, axis=-1), distances, atol=2e-4)
    assert batch["bond"][0, :, :, 1:].sum() == 2 * 5


@pytest.mark.parametrize("suffix", [".sdf", ".xyz"])
def test_files_with_coordinates_keep_them(suffix: str, tmp_path: Path) -> None:
    molecules = [embed(smiles) for smiles in ALCOHOLS[:10]]
    write_molecules(molecules, tmp_path / f"given{suffix}")
    prepare_files([tmp_path / f"given{suffix}"], tmp_path / "store")
    store = read_store(tmp_path / "store")
    assert np.allclose(store.positions * 1e-4, np.concatenate([m.pos for m in molecules]), atol=1.1e-4)
    assert store.smiles.astype(str).tolist() == ALCOHOLS[:10]


def test_conformers_of_a_molecule_share_a_split() -> None:
    store = store_of([embed(smiles, seed) for seed in range(3) for smiles in ALCOHOLS])
    splits = [set(store.smiles[part]) for part in (store.train, store.validation, store.test)]
    assert [len(names) for names in splits] == [16, 2, 2]
    assert len(set.union(*splits)) == 20
    assert len(store.train) == 48


def test_what_is_not_trained_on_has_a_reason() -> None:
    methanol = embed("CO")
    assert objection(methanol) is None
    bare = Molecule(np.array([6, 8]), np.array([[0, 0, 0], [1.4, 0, 0]]), np.array([[0, 1, 1]]))
    assert "are its hydrogens missing" in str(objection(bare))
    assert "a coordinate is beyond" in str(
        objection(Molecule(methanol.numbers, methanol.pos + 2e5, methanol.bonds))
    )
    many = Molecule(np.full(256, 2), np.zeros((256, 3)), np.zeros((0, 3)))
    assert "256 atoms" in str(objection(many))
    assert objection(Molecule(methanol.numbers, methanol.pos)) == "its bonds are not known"
    flat = Molecule(methanol.numbers, methanol.pos * [1, 1, 0], methanol.bonds)
    assert "it is a drawing in the plane; give coordinates in space" in str(objection(flat))
    assert "it is 2 molecules; give each its own record" in str(objection(embed("C[NH3+].[Cl-]")))


@pytest.mark.parametrize("other", ["alcohols.smi", "folder/../alcohols.smi", "link.smi"])
def test_a_file_given_twice_is_refused(smiles_file: Path, other: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.smi").symlink_to(smiles_file)
    with pytest.raises(InputError, match=r"is the same file as .*alcohols\.smi; give it once"):
        prepare_files([smiles_file, tmp_path / other], tmp_path / "store")
    with pytest.raises(InputError, match="is the same file"):
        prepare_files([smiles_file, smiles_file], tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_the_same_files_are_prepared_once_and_others_do_not_replace_them(
    smiles_file: Path, tmp_path: Path
) -> None:
    root = tmp_path / "store"
    prepare_files([smiles_file], root)
    written = (root / "store.npz").stat().st_mtime_ns
    prepare_files([smiles_file], root)
    assert (root / "store.npz").stat().st_mtime_ns == written
    smiles_file.write_text("\n".join(ALCOHOLS[:12]))
    with pytest.raises(InputError, match="holds another data set"):
        prepare_files([smiles_file], root)


def test_too_few_molecules_leave_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "few.smi").write_text("\n".join(ALCOHOLS[:9]))
    (tmp_path / "none.smi").write_text("nonsense\n")
    with pytest.raises(DataError, match="9 different molecules"):
        prepare_files([tmp_path / "few.smi"], tmp_path / "store")
    with pytest.raises(DataError, match="the first because: 'nonsense'"):
        prepare_files([tmp_path / "none.smi"], tmp_path / "store")
    assert not list(tmp_path.glob("store/*"))


def test_the_command_says_what_it_made_and_left_out(
    smiles_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["prepare", "files", str(smiles_file), "-o", str(tmp_path / "store"), "--workers", "1"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "20 molecules" in out and "left out 1," in out and "is no SMILES" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["files"], "there is no file to prepare"),
        (["files", "nope.sdf"], "nope.sdf is not an existing file of type .sdf"),
        (["qm9", "mine.sdf"], "molgen prepare qm9 takes no files, got mine.sdf"),
    ],
)
def test_bad_input_is_one_line(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prepare", *words, "-o", str(tmp_path / "store")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not (tmp_path / "store").exists()
