"""Scaffolds: which atoms may grow, what the network is given, and what a drawn molecule must keep."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rdkit import Chem

from molgen.checkpoint.generator import MoleculeGenerator
from molgen.chem.conformers import embed
from molgen.chem.io import write_molecules
from molgen.chem.molecule import Molecule
from molgen.chem.sdf import mol_block
from molgen.control import Draw, ScaffoldRequest, read_asked, read_scaffold
from molgen.control.fragment_file import Part, bond_orders
from molgen.core import Vocab
from molgen.core.errors import InputError

FAR = np.array([31.0, -17.0, 8.0])


def placed(smiles: str) -> Molecule:
    """A molecule in a frame of its own."""
    molecule = embed(smiles)
    return replace(molecule, pos=molecule.pos + FAR)


def atoms(molecule: Molecule, labels: list[int], hydrogens: bool = True) -> Molecule:
    """Some atoms, counted from 1, with their hydrogens or without."""
    part = Part(molecule, np.arange(1, molecule.num_atoms + 1))
    chosen = np.isin(part.labels, labels)
    attached = part.beside(chosen) & (molecule.numbers == 1)
    return part.keep(chosen | attached if hydrogens else chosen).molecule


def heavy(molecule: Molecule) -> Molecule:
    return Part(molecule, np.arange(1, molecule.num_atoms + 1)).keep(molecule.numbers > 1).molecule


def with_dummies(molecule: Molecule, labels: list[int]) -> Molecule:
    numbers = molecule.numbers.copy()
    numbers[np.array(labels) - 1] = 0
    return replace(molecule, numbers=numbers)


ethanol, benzene, toluene = placed("CCO"), placed("c1ccccc1"), placed("Cc1ccccc1")
linked = placed("OCCCCN")
phenyl = atoms(toluene, [2, 3, 4, 5, 6, 7])
capped = with_dummies(
    Part(toluene, np.arange(1, 16)).keep(~np.isin(np.arange(1, 16), [8, 9, 10])).molecule, [1]
)
GROWING = {
    "saturated: hydrogens are drawn anew": (benzene, None, None, "C6", [1, 2, 3, 4, 5, 6]),
    "named: one hydrogen each": (benzene, "1,4", None, "C6H4", [1, 4]),
    "a number": (ethanol, 3, None, "C2H5O", [3]),
    "open valence": (phenyl, None, None, "C6H5", [1]),
    "named and open: no hydrogen is taken": (phenyl, [1], None, "C6H5", [1]),
    "named beside open: that one is closed": (phenyl, [2], None, "C6H5", [2]),
    "heavy atoms only": (heavy(ethanol), None, None, "C2O", [1, 2, 3]),
    "heavy atoms only, named": (heavy(ethanol), [1], None, "C2H3O", [1]),
    "a dummy": (capped, None, None, "C6H5", [2]),
    "a dummy and a name": (with_dummies(benzene, [7]), [4], None, "C6H4", [1, 4]),
    "a pattern": (toluene, None, "c1ccccc1", "C6H5", [2]),
    "a pattern, heavy atoms only": (heavy(toluene), None, "c1ccccc1", "C6", [2, 3, 4, 5, 6, 7]),
    "a pattern and a name": (toluene, [4], "c1ccccc1", "C6H5", [4]),
    "two pieces": (atoms(linked, [1, 2, 5, 6]), None, None, "C2H7NO", [2, 3]),
}


@pytest.mark.parametrize(
    ("source", "attach", "smarts", "formula", "opened"), GROWING.values(), ids=GROWING.keys()
)
def test_where_it_grows(
    source: Molecule, attach: str | None, smarts: str | None, formula: str, opened: list[int]
) -> None:
    scaffold = read_scaffold(source, attach, smarts)
    assert scaffold.molecule.formula == formula
    assert scaffold.part.labels[scaffold.open].tolist() == opened
    # Atoms that come from the file are where it has them.
    known = scaffold.part.labels > 0
    rows = scaffold.part.labels[known] - 1
    assert np.array_equal(scaffold.molecule.pos[known], source.pos[rows])
    assert np.array_equal(scaffold.molecule.numbers[known], source.numbers[rows])
    assert scaffold.molecule.failure is None


def test_added_hydrogens_lie_at_bond_length() -> None:
    scaffold = read_scaffold(heavy(ethanol), [1])
    new = scaffold.part.labels == 0
    lengths = np.linalg.norm(scaffold.molecule.pos[:, None] - scaffold.molecule.pos, axis=-1)
    bonded = bond_orders(scaffold.molecule) > 0
    assert new.sum() == 3
    assert ((lengths > 0.9) & (lengths < 1.2))[new[:, None] & bonded].all()


def test_the_outer_hydrogen_is_given_up() -> None:
    kept = read_scaffold(ethanol, [1]).part.labels.tolist()
    (given_up,) = {4, 5, 6} - set(kept)
    distance = {
        h: np.linalg.norm(ethanol.pos[h - 1] - ethanol.pos[[1, 2, 6, 7, 8]], axis=1).mean() for h in (4, 5, 6)
    }
    assert given_up == max(distance, key=lambda h: distance[h])


def test_the_hydrogen_towards_the_other_piece_is_given_up() -> None:
    methanes = [replace(placed("C"), pos=placed("C").pos + np.array([shift, 0, 0])) for shift in (0, 5)]
    scaffold = read_scaffold(methanes, "1,6")
    lost = sorted(set(range(1, 11)) - set(scaffold.part.labels.tolist()))
    assert len(lost) == 2
    pos = np.concatenate([m.pos for m in methanes])
    assert lost[0] - 1 == 1 + pos[1:5, 0].argmax()
    assert lost[1] - 1 == 6 + pos[6:10, 0].argmin()


def test_r_groups_and_records_of_a_file(tmp_path: Path) -> None:
    mol = Chem.MolFromMolBlock(mol_block(with_dummies(ethanol, [9])), sanitize=False, removeHs=False)
    path = tmp_path / "cores.sdf"
    with Chem.SDWriter(str(path)) as writer:
        writer.SetKekulize(False)
        writer.write(mol)
    text = path.read_text()
    assert " R " in text or " R# " in text or " * " in text
    moved = replace(benzene, pos=benzene.pos + 6)
    write_molecules([moved], tmp_path / "ring.sdf")
    path.write_text(text + (tmp_path / "ring.sdf").read_text())
    scaffold = read_scaffold(path, "10")
    # Atoms are counted through the records: 10 is the first of the ring.
    assert scaffold.named == (3, 10)
    assert scaffold.molecule.num_fragments == 2


WRONG = {
    "hydrogen": (benzene, "7", None, "atom 7 is a hydrogen; name one of its heavy atoms: 1, 2"),
    "beyond": (benzene, "99", None, "atom 99 is not in the scaffold"),
    "zero": (benzene, "0", None, "atom 0 is not in the scaffold"),
    "twice": (benzene, "1,1", None, "names atom 1 twice"),
    "words": (benzene, "first", None, "'first' is no list of atoms"),
    "empty": (benzene, "", None, "is no list of atoms"),
    "dummy": (capped, "1", None, "atom 1 is a dummy"),
    "outside the pattern": (toluene, "1", "c1ccccc1", "atom 1 is not in the scaffold"),
    "saturated": (placed("CN(C)C"), "2", None, "atom 2 (N) has neither a hydrogen to give up"),
    "no SMARTS": (benzene, None, "zz(", "'zz(' is no SMARTS"),
    "no match": (benzene, None, "[N]", "does not occur in the molecule"),
    "pattern in two records": ([benzene, toluene], None, "C", "holds 2 records"),
    "one place": ([benzene, benzene], None, None, "atoms 1 and 13 are 0.00 angstrom apart"),
    "nothing": ([], None, None, "was given no molecule"),
    "no heavy atom": (placed("[H][H]"), None, None, "no atom but hydrogens"),
    "no bonds": (replace(benzene, bonds=None), None, None, "record 1 has no bonds"),
    "not read": (embed("C(("), None, None, "record 1 cannot be used"),
    "nowhere": (replace(benzene, pos=benzene.pos * np.nan), None, None, "not finite"),
    "nothing can grow": (placed("O=C=O"), None, None, "has no atom that can grow"),
    "a closed piece": (
        [ethanol, replace(benzene, pos=benzene.pos + 9)],
        "1",
        None,
        "the piece of atoms 10, 11, 12",
    ),
    "a drawing": (replace(ethanol, pos=ethanol.pos * [1, 1, 0]), None, None, "is a drawing in the plane"),
    "five bonds": (
        replace(ethanol, bonds=np.concatenate([ethanol.bonds, [[0, 2, 1]]])),
        None,
        None,
        "C has a total bond order of 5",
    ),
}


@pytest.mark.parametrize(("source", "attach", "smarts", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_is_refused(source: Molecule, attach: str | None, smarts: str | None, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_scaffold(source, attach, smarts)
    assert message in str(caught.value)
    assert "--" in str(caught.value)


def test_elements_charges_and_sizes_are_refused(model: MoleculeGenerator) -> None:
    def check(smiles: str, **more: object) -> None:
        request, _ = read_asked(scaffold=placed(smiles), **more)
        request.check(model.setting)

    check("CC")
    with pytest.raises(InputError, match="holds S, unknown to the checkpoint 'qm9'; it knows H, C, N, O, F"):
        check("c1ccsc1")
    neutral = replace(model.setting, vocab=Vocab(["H", "C", "N"], [0]))
    with pytest.raises(InputError, match=r"an atom of charge \+1; the checkpoint 'qm9' knows 0"):
        ScaffoldRequest(read_scaffold(placed("C[NH3+]"), "1")).check(neutral)
    with pytest.raises(InputError, match=r"at least 32 atoms are needed.*'qm9' have at most 29"):
        check("CCCCCCCCCC")
    with pytest.raises(
        InputError, match=r"gives 6 atoms .* at least 7 atoms .* --num-atoms asks for at most 6"
    ):
        check("c1ccccc1", num_atoms="4-6")
    with pytest.raises(InputError, match="leaves no heavy atom beside the scaffold's C2"):
        check("CC", formula="C2H6")
    with pytest.raises(InputError, match="--attach is understood only beside --scaffold"):
        read_asked(attach="1")


def test_what_the_network_is_given(model: MoleculeGenerator) -> None:
    request = ScaffoldRequest(read_scaffold(benzene, "1,4"), (14, 16))
    given = request.given(Draw(20, model.setting, torch.Generator().manual_seed(0)))
    sizes = given.molecules.num_atoms
    assert set(sizes.tolist()) == {14, 15, 16}
    known = torch.arange(16).expand(20, 16) < 10
    for name in ("pos", "atom", "charge"):
        assert torch.equal(given.free[name], ~known)
    opened = torch.zeros(20, 16, dtype=torch.bool)
    opened[:, [0, 3]] = True
    new = given.molecules.mask & ~known
    grows = (given.free["bond"] & new.unsqueeze(1)).any(dim=2)
    assert torch.equal(grows & given.molecules.mask, opened | new)
    # A closed atom's pairs with new atoms are given, as "no bond".
    told = ~given.free["bond"] & new.unsqueeze(1) & given.molecules.mask.unsqueeze(2)
    assert told.any() and (given.molecules["bond"][told][:, 0] == 1).all()
    assert (given.molecules["bond"].sum(dim=-1) == given.molecules.entry_mask("bond").float()).all()


def test_sizes_have_room(model: MoleculeGenerator) -> None:
    missing = ScaffoldRequest(read_scaffold(benzene))
    assert min(missing.sizes(model.setting).counts) == 12
    asked = ScaffoldRequest(read_scaffold(benzene), (3, 8))
    assert list(asked.sizes(model.setting).counts) == [7, 8]


@pytest.mark.parametrize("source", [benzene, atoms(linked, [1, 2, 5, 6])], ids=["grown", "linked"])
def test_drawn_molecules_keep_it(model: MoleculeGenerator, source: Molecule) -> None:
    attach = "1,4" if source is benzene else None
    scaffold = read_scaffold(source, attach)
    size = scaffold.molecule.num_atoms
    drawn = model.sample(6, steps=5, seed=1, scaffold=source, attach=attach)
    assert len(drawn) == 6
    for molecule in drawn:
        assert np.array_equal(molecule.numbers[:size], scaffold.molecule.numbers)
        assert np.abs(molecule.pos[:size] - scaffold.molecule.pos).max() < 1e-4
        assert np.array_equal(bond_orders(molecule)[:size, :size], bond_orders(scaffold.molecule))
        gained = (bond_orders(molecule)[:size, size:] > 0).any(axis=1)
        assert not gained[~scaffold.open].any()
        if molecule.record["satisfied"]:
            assert molecule.num_fragments == 1 and molecule.failure is None
            assert gained[scaffold.open].all()
        else:
            assert molecule.record["unsatisfied"]


def test_several_matches_are_noted(model: MoleculeGenerator) -> None:
    several, one = (
        model.sample(1, steps=2, scaffold=toluene, scaffold_smarts=smarts)[0]
        for smarts in ("[cH]:[cH]", "[CH3]")
    )
    assert several.record["scaffold_match"] == "1 of 4"
    assert "scaffold_match" not in one.record


@pytest.mark.parametrize("name", ["scaffold", "like"])
def test_a_molecule_of_rdkit_is_refused_in_words(name: str) -> None:
    """The natural mistake; the message says how to make one of ours."""
    for given in (Chem.MolFromSmiles("CO"), [Chem.MolFromSmiles("CO")]):
        with pytest.raises(InputError, match=rf"{name}= takes .*Molecule\.from_mol makes one of RDKit's"):
            read_asked(**{name: given})
