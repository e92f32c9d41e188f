"""Analogues: parents read from every kind of file, copies at small strengths, and what is no analogue."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from rdkit import Chem
from rdkit.Chem import rdDepictor

from molgen.checkpoint.generator import MoleculeGenerator
from molgen.chem.conformers import embed
from molgen.chem.decode import decode
from molgen.chem.io import write_molecules
from molgen.chem.molecule import Molecule
from molgen.control import AnalogueRequest, Draw, Setting
from molgen.control.analogue import similarity
from molgen.control.parents import read_parents
from molgen.core.errors import InputError

ALCOHOL = "OCC1CCCO1"


def block(mol: Chem.Mol) -> str:
    return Chem.MolToMolBlock(mol) + "$$$$\n"


@pytest.fixture(scope="module")
def parent() -> Molecule:
    return embed("CC(=O)NC")


@pytest.fixture
def files(tmp_path: Path, parent: Molecule) -> Path:
    """A folder of files with parents in them, good and bad."""
    solid, flat = embed(ALCOHOL).mol, Chem.MolFromSmiles(ALCOHOL)
    rdDepictor.Compute2DCoords(flat)
    flat_whole = Chem.AddHs(flat, addCoords=True)
    (tmp_path / "heavy.sdf").write_text(block(Chem.RemoveHs(solid)))
    (tmp_path / "flat.sdf").write_text(block(flat))
    (tmp_path / "unmarked.sdf").write_text(block(flat).replace("          2D", "            "))
    (tmp_path / "mislabelled.sdf").write_text(block(flat_whole).replace("          2D", "          3D"))
    (tmp_path / "nowhere.sdf").write_text(block(Chem.AddHs(Chem.MolFromSmiles("CCO"))))
    (tmp_path / "salt.sdf").write_text(block(embed("CC(=O)[O-].C[NH3+]").mol))
    (tmp_path / "two.smi").write_text(f"{ALCOHOL} alcohol\n\nc1ccoc1\n")
    (tmp_path / "broken.smi").write_text("CCO\nC1CC\n")
    write_molecules([parent, embed(ALCOHOL)], tmp_path / "two.sdf")
    write_molecules([embed("c1ccoc1")], tmp_path / "furan.xyz")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "smiles"),
    [
        ("two.sdf", ["CNC(C)=O", ALCOHOL]),
        ("heavy.sdf", [ALCOHOL]),
        ("two.smi", [ALCOHOL, "c1ccoc1"]),
        ("furan.xyz", ["c1ccoc1"]),
    ],
)
def test_parents_are_read_whole(name: str, smiles: list[str], files: Path) -> None:
    parents = read_parents(files / name)
    assert [parent.smiles for parent in parents] == [
        Chem.MolToSmiles(Chem.MolFromSmiles(text)) for text in smiles
    ]
    for parent, text in zip(parents, smiles, strict=True):
        assert parent.num_atoms == Chem.AddHs(Chem.MolFromSmiles(text)).GetNumAtoms()


def test_added_hydrogens_leave_the_others_in_place(files: Path) -> None:
    (whole,) = read_parents(str(files / "heavy.sdf"))
    heavy = whole.pos[whole.numbers > 1]
    assert np.allclose(heavy, embed(ALCOHOL).pos[: len(heavy)], atol=1e-3)
    first, second = whole.bonds[:, 0], whole.bonds[:, 1]
    lengths = np.linalg.norm(whole.pos[first] - whole.pos[second], axis=1)
    assert lengths.min() > 0.9 and lengths.max() < 1.7


def test_smiles_and_molecules_are_parents_too(parent: Molecule) -> None:
    assert [p.smiles for p in read_parents("c1ccoc1")] == ["c1ccoc1"]
    assert read_parents(parent) == read_parents([parent]) == [parent]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("flat.sdf", "record 1 is a drawing: all its z are 0; give coordinates in space, or give its SMILES"),
        ("unmarked.sdf", "record 1 is a drawing"),
        ("mislabelled.sdf", "record 1 is a drawing"),
        ("nowhere.sdf", "record 1 is a drawing"),
        ("salt.sdf", "record 1 has 2 pieces; give one connected molecule"),
        ("missing.sdf", "cannot read .*missing.sdf"),
        ("missing.smi", "cannot read .*missing.smi: No such file"),
        ("broken.smi", "record 2 is no valid molecule: 'C1CC'"),
    ],
)
def test_files_that_hold_no_parent(name: str, reason: str, files: Path) -> None:
    with pytest.raises(InputError, match=reason):
        read_parents(str(files / name))


@pytest.mark.parametrize(
    ("like", "reason"),
    [
        ("C1CC", "'C1CC' is neither an existing file nor a SMILES"),
        (
            "C1" + 300 * "C",
            "C' is neither an existing file nor a SMILES that can be placed in space; give a file",
        ),
        ("", "'' is neither an existing file"),
        ("[CH3]", "cannot be a parent: it has 1 unpaired electrons; are hydrogens missing"),
        ("[Na+].[Cl-]", "has 2 pieces"),
        ([], "--like holds no molecule"),
        ([3], "takes a path, a SMILES, a molgen.Molecule or a list"),
    ],
)
def test_what_is_no_parent(like: object, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_parents(like)  # type: ignore[arg-type]


@pytest.mark.parametrize("strength", [0.0, -1.0, 2.0, 1.0001, float("nan")])
def test_strengths_outside_zero_to_one(strength: float, parent: Molecule) -> None:
    with pytest.raises(InputError, match="--strength must be above 0 and at most 1, got"):
        AnalogueRequest([parent], strength)


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        ("CCl", "molecule 2: the checkpoint 'qm9' does not know Cl; it knows H, C, N, O, F"),
        (
            "CCCCCCCCCC",
            "molecule 2: it has 32 atoms, hydrogens included; the largest training molecule .* 29",
        ),
    ],
)
def test_parents_that_the_model_cannot_write(
    smiles: str, reason: str, parent: Molecule, model: MoleculeGenerator
) -> None:
    with pytest.raises(InputError, match=reason):
        AnalogueRequest([parent, embed(smiles)]).check(model.setting)
    AnalogueRequest([parent]).check(model.setting)


def test_each_parent_has_its_turn(
    parent: Molecule, setting: Setting, without_bonds: Setting, generator: torch.Generator
) -> None:
    parents = [parent, embed(ALCOHOL), embed("CCO")]
    given = AnalogueRequest(parents, 0.3).given(Draw(7, setting, generator))
    assert given.start == 0.3 and not given.free
    names = [molecule.smiles for molecule in decode(given.molecules, setting.vocab)]
    assert names == [parents[row % 3].smiles for row in range(7)]
    assert [name for name, _ in given.molecules.items()] == list(setting.fields)
    plain = AnalogueRequest(parents, 0.3).given(Draw(2, without_bonds, generator))
    assert {name for name, _ in plain.molecules.items()} == set(without_bonds.fields)


def test_small_strengths_give_the_parents_back_where_they_were(model: MoleculeGenerator) -> None:
    away = embed(ALCOHOL)
    away = Molecule(away.numbers, away.pos + np.array([5.0, -3.0, 2.0]), away.bonds)
    parents = [away, embed("CC(=O)NC")]
    molecules = model.sample(4, like=parents, strength=0.1, steps=5)
    for row, molecule in enumerate(molecules):
        origin = parents[row % 2]
        assert molecule.record["parent"] == molecule.smiles == origin.smiles
        assert molecule.record["similarity"] == 1.0 and molecule.record["satisfied"] == 1
        assert np.sqrt(np.square(molecule.pos - origin.pos).sum(axis=1).mean()) < 0.3


def test_similarity_falls_with_strength(model: MoleculeGenerator) -> None:
    """Copies at the low end, molecules of the same size at the high one."""
    parents = [embed(text) for text in (ALCOHOL, "CC(=O)NC", "CC1CC1C#N", "Cc1ccoc1")]
    means = []
    for strength in (0.1, 0.5, 1.0):
        molecules = model.sample(12, like=parents, strength=strength, steps=10)
        assert [m.num_atoms for m in molecules] == [parents[row % 4].num_atoms for row in range(12)]
        found = [float(m.record["similarity"]) for m in molecules if m.failure is None]
        assert len(found) >= 6
        means.append(np.mean(found))
    assert means[0] > means[1] > means[2]


def test_similarity_is_that_of_graphs() -> None:
    one, other = embed("CCO").mol, embed("OCC").mol
    assert one is not None and other is not None
    assert similarity(one, other) == 1.0
    assert similarity(one, Chem.MolFromSmiles("OCC")) == 1.0, "hydrogens have no say"
    assert 0 < similarity(one, Chem.MolFromSmiles("CCCO")) < 1
    assert similarity(Chem.MolFromSmiles("F"), Chem.MolFromSmiles("O")) == 0.0


def test_pieces_and_unpaired_electrons_are_objections(parent: Molecule) -> None:
    request = AnalogueRequest([parent])
    assert request.objection(parent) is None
    torn = Molecule(parent.numbers, parent.pos, parent.bonds[1:])
    assert torn.failure is None and torn.num_fragments == 2
    assert request.objection(torn) == "it falls into 2 pieces"
    assert request.objection(embed("C[CH2]")) == "it has 1 unpaired electrons"


def test_a_failed_analogue_has_a_parent_and_no_similarity(parent: Molecule) -> None:
    rows = np.vstack([parent.bonds, [[0, parent.num_atoms - 1, 3]]])
    failed = Molecule(parent.numbers, parent.pos, rows)
    assert failed.failure is not None
    finished = AnalogueRequest([parent]).finish_row(failed, 3)
    assert finished.record == {"parent": "CNC(C)=O"}
