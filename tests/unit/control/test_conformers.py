"""Conformers: the graph is kept, the hand is as written, and broken structures are noticed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from rdkit import Chem

from molgen.checkpoint.generator import MoleculeGenerator
from molgen.chem.conformers import embed
from molgen.chem.decode import decode
from molgen.chem.molecule import Molecule
from molgen.chem.stereo import mirrored
from molgen.control import ConformerRequest, Draw, Setting, read_asked
from molgen.control.conformers import recall
from molgen.control.geometry import broken_geometry
from molgen.core.errors import InputError

LACTONITRILE = "C[C@H](O)C#N"


def moved(molecule: Molecule, atom: int, to: np.ndarray) -> Molecule:
    """The molecule with one atom elsewhere."""
    pos = np.array(molecule.pos)
    pos[atom] = to
    return replace(molecule, pos=pos)


def test_the_graph_is_given_and_positions_are_free(setting: Setting, generator: torch.Generator) -> None:
    given = ConformerRequest("O=c1[nH]cc[nH]1").given(Draw(3, setting, generator))
    assert [m.smiles for m in decode(given.molecules, setting.vocab)] == ["O=c1[nH]cc[nH]1"] * 3
    assert {name: bool(mask.any()) for name, mask in given.free.items()} == {
        "pos": True,
        "atom": False,
        "charge": False,
        "bond": False,
    }
    assert given.free["pos"].all() and given.start == 1


@pytest.mark.parametrize("smiles", [LACTONITRILE, "C[C@@H](O)C#N", "C/C=C/C", "C[N+](C)(C)CC(=O)[O-]"])
def test_drawn_conformers_are_what_is_asked(model: MoleculeGenerator, smiles: str) -> None:
    request = ConformerRequest(smiles)
    drawn = model.sample(6, smiles=smiles, steps=8)
    plain = Chem.MolToSmiles(Chem.MolFromSmiles(smiles), isomericSmiles=False)
    assert [m.smiles for m in drawn] == [plain] * 6
    satisfied = [m for m in drawn if m.record["satisfied"]]
    assert satisfied
    for molecule in satisfied:
        assert Chem.MolToSmiles(Chem.RemoveHs(molecule.mol)) == Chem.CanonSmiles(smiles)
        assert broken_geometry(molecule) is None
    for molecule in drawn:
        problem = request.objection(molecule)
        assert (problem, molecule.record["satisfied"]) == (
            molecule.record.get("unsatisfied"),
            int(problem is None),
        )


def test_both_hands_are_drawn_and_one_is_kept(model: MoleculeGenerator) -> None:
    drawn = model.sample(12, smiles="CC(O)C#N", steps=8)
    request = ConformerRequest(LACTONITRILE)
    usable = [m for m in drawn if broken_geometry(m) is None]
    shown = {request.stereo.shown_by(m) for m in usable}
    assert shown == {True, False}
    assert all(request.objection(request.finish(m)) is None for m in usable)


@pytest.mark.parametrize(
    "smiles", ["C/C=C\\C#N", "CC/C=N/O", "C[C@H]1C[C@@H](O)C1=O", "C[C@H](O)[C@@H](N)C#N"]
)
def test_stereochemistry_is_no_chance(model: MoleculeGenerator, smiles: str) -> None:
    """Of two centres that are left to chance, a mirror included, half are right; of two geometries, too."""
    drawn = model.sample(16, smiles=smiles, steps=12)
    assert sum(int(m.record["satisfied"]) for m in drawn) >= 14


def test_objections() -> None:
    request, good = ConformerRequest(LACTONITRILE), embed(LACTONITRILE)
    assert request.objection(good) is None
    assert "stereochemistry is C[C@@H](O)C#N" in str(request.objection(mirrored(good)))
    away = good.pos[0] + 3 * (good.pos[0] - good.pos[1])
    assert "its atoms C1 and C2, bonded, are 6." in str(request.objection(moved(good, 0, away)))
    near = good.pos[1] + 0.3 * (good.pos[0] - good.pos[1])
    assert "its atoms C1 and C2, bonded, are 0.4" in str(request.objection(moved(good, 0, near)))
    assert request.objection(embed("CC(O)C=N")) == "it is CC(O)C=N, not CC(O)C#N"


def test_atoms_that_clash_are_noticed() -> None:
    """Two molecules of hydrogen, far apart and then on top of each other."""
    numbers, bonds = np.array([1, 1, 1, 1]), np.array([[0, 1, 1], [2, 3, 1]])
    pos = np.array([[0, 0, 0], [0.74, 0, 0], [0, 5, 0], [0.74, 5, 0]])
    assert broken_geometry(Molecule(numbers, pos, bonds)) is None
    pos[2:, 1] = 0.4
    problem = broken_geometry(Molecule(numbers, pos, bonds))
    assert problem == "its atoms H1 and H3, not bonded, are 0.40 angstrom apart"


@pytest.mark.parametrize(
    ("smiles", "message"),
    [
        ("", "no SMILES that RDKit reads"),
        ("C1CC", "no SMILES that RDKit reads"),
        ("CN(C)(C)C", "no SMILES that RDKit reads"),
        ("CCO ethanol", "no SMILES that RDKit reads"),
        ("CCO.O", "is 2 molecules; give one of them"),
        ("*C", "atom 1 is of no known element"),
        ("C[CH2]", "atom 2, C, is a radical"),
        ("[2H]C", "atom 1, H, is labelled with an isotope"),
    ],
)
def test_what_is_no_molecule_is_refused(smiles: str, message: str) -> None:
    with pytest.raises(InputError, match="--smiles ") as refusal:
        read_asked(smiles=smiles)
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("smiles", "message"),
    [
        ("CCBr", "'handmade' does not know Br; it knows H, C, N, O, F"),
        ("C[N+2](C)C", "does not know an atom of charge +2; it knows -1, 0, +1"),
        ("CCCC", "it has 14 atoms, hydrogens included"),
    ],
)
def test_what_the_model_cannot_draw_is_refused(setting: Setting, smiles: str, message: str) -> None:
    with pytest.raises(InputError) as refusal:
        ConformerRequest(smiles).check(setting)
    assert message in str(refusal.value)


def test_somewhat_larger_than_training_is_accepted(setting: Setting) -> None:
    assert int(setting.statistics.sizes.sizes.max()) == 9
    ConformerRequest("CCC=O").check(setting)
    with pytest.raises(InputError, match=r"it has 11 atoms, .* asked for at most 10"):
        ConformerRequest("CC(O)C=O").check(setting)


def test_a_model_without_bonds_is_refused(without_bonds: Setting) -> None:
    with pytest.raises(InputError, match="--smiles needs a model that draws bonds"):
        ConformerRequest("CCO").check(without_bonds)


def test_a_size_is_refused_beside_a_smiles() -> None:
    with pytest.raises(InputError, match="--num-atoms cannot be used beside --smiles"):
        read_asked(smiles="CCO", num_atoms=9)


def test_recall_counts_references_that_are_found() -> None:
    butanes = [embed("CCCCO", seed) for seed in range(6)]
    one, other = max(
        ((a, b) for a in butanes for b in butanes), key=lambda pair: recall([pair[0]], [pair[1]]).matching
    )
    apart = recall([one], [other]).matching
    assert apart > 0.3
    same = recall([one], [one])
    assert same.coverage == 1 and same.matching < 1e-4
    half = recall([one], [one, other], threshold=apart / 2)
    assert half.coverage == 0.5 and half.matching == pytest.approx(apart / 2, abs=1e-3)
    assert recall([embed("no")], [one]).coverage == 0
    assert recall([embed("no")], [one]).matching == np.inf
    with pytest.raises(InputError, match="valid reference conformers"):
        recall([one], [embed("no")])
