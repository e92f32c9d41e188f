"""A formula beside a scaffold: what is left of it is drawn around it; and scaffolds by replacement."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from molgen.checkpoint.generator import MoleculeGenerator, load, read_options
from molgen.chem.conformers import embed
from molgen.chem.io import write_molecules
from molgen.chem.molecule import Molecule
from molgen.cli.main import main
from molgen.control import Draw, Request, ScaffoldRequest, Setting, read_asked, read_scaffold
from molgen.control.formula_scaffold import FormulaScaffoldRequest
from molgen.control.fragment_file import bond_orders
from molgen.control.replacement import ByReplacement
from molgen.core.errors import InputError
from molgen.core.formula import formula_counts, hill
from molgen.sampling import Replacement

methane, ethane, ethanol, benzene = (embed(smiles) for smiles in ("C", "CC", "CCO", "c1ccccc1"))


def asked(scaffold: Molecule, **more: Any) -> Request:
    return read_asked(scaffold=scaffold, **more)[0]


@pytest.mark.parametrize(
    ("scaffold", "more", "held", "formulas"),
    [
        # Nothing is marked: hydrogens are free atoms again.
        (methane, {"formula": "C2H6O"}, "C", {"C2H6O"}),
        # One hydrogen is given up, the others are the scaffold's.
        (ethanol, {"formula": "C2H6O2", "attach": "3"}, "C2H5O", {"C2H6O2"}),
        # Of training formulas in the range, those that hold the scaffold and a heavy atom beside it.
        (methane, {"formula": "C1-2 O0-1"}, "C", {"C2H6", "C2H4", "C2H6O"}),
        (methane, {"formula": "C1-2 O0-1", "num_atoms": "7-9"}, "C", {"C2H6", "C2H6O"}),
        (methane, {"formula": "C2 H5-6", "attach": "1"}, "CH3", {"C2H6"}),
    ],
)
def test_what_is_left_of_the_formula_is_given(
    scaffold: Molecule,
    more: dict[str, str],
    held: str,
    formulas: set[str],
    setting: Setting,
    generator: torch.Generator,
) -> None:
    request = asked(scaffold, **more)
    assert isinstance(request, FormulaScaffoldRequest)
    request.check(setting)
    size = request.scaffold.molecule.num_atoms
    given = request.given(Draw(60, setting, generator))
    counts = given.molecules["atom"].sum(dim=1).int().tolist()
    drawn = [hill(dict(zip(setting.vocab.elements, row, strict=True))) for row in counts]
    assert set(drawn) == formulas
    assert [sum(formula_counts(text).values()) for text in drawn] == given.molecules.num_atoms.tolist()
    first = given.molecules["atom"][:, :size].sum(dim=1).int()[0].tolist()
    assert hill(dict(zip(setting.vocab.elements, first, strict=True))) == held
    new = given.molecules.mask & (torch.arange(given.molecules.mask.shape[1]) >= size)
    assert not given.free["atom"].any(), "elements are given"
    for name in ("pos", "charge"):
        assert torch.equal(given.free[name] & given.molecules.mask, new), name
    among = new.unsqueeze(1) & new.unsqueeze(2) & given.molecules.entry_mask("bond")
    assert given.free["bond"][among].all() and not given.free["bond"][:, :size, :size].any()


@pytest.mark.parametrize(
    ("scaffold", "more", "reason"),
    [
        (benzene, {"formula": "C4H8N"}, "'C4H8N' lacks 2 C for the scaffold, which gives C6; give a larger"),
        (ethanol, {"formula": "CH4N2"}, "lacks 1 C, 1 O for the scaffold, which gives C2O"),
        (benzene, {"formula": "C7H4", "attach": "1"}, "lacks 1 H for the scaffold, which gives C6H5"),
        (ethanol, {"formula": "C1-9 N0-1"}, "lacks 1 O for the scaffold"),
        (ethane, {"formula": "C2H6"}, "leaves no heavy atom beside the scaffold's C2; give a larger"),
        (ethane, {"formula": "C2-3"}, "no training molecule has such a formula that holds the scaffold's C2"),
        (ethane, {"formula": "C2H6O", "num_atoms": "4-6"}, "has 9 atoms, but --num-atoms asks for 4 to 6"),
        (methane, {"formula": "C2H5"}, "has an odd number of electrons"),
        (methane, {"formula": "C2H5Cl"}, "does not know Cl"),
        (embed("CCl"), {"formula": "C2H5Cl"}, "--scaffold holds Cl, unknown to the checkpoint"),
    ],
)
@pytest.mark.parametrize("by", ["levels", "replacement"])
def test_contradictions_are_refused_first(
    scaffold: Molecule, more: dict[str, str], reason: str, by: str, setting: Setting
) -> None:
    with pytest.raises(InputError, match=reason):
        asked(scaffold, by=by, **more).check(setting)


def test_both_are_checked_on_what_is_drawn() -> None:
    """Toluene's ring and its formula: each of them can be missed."""
    toluene = embed("Cc1ccccc1")
    order = [1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 0, 7, 8, 9]
    place = np.argsort(order)
    assert toluene.bonds is not None and toluene.charges is not None
    bonds = np.column_stack([place[toluene.bonds[:, :2]], toluene.bonds[:, 2]])
    drawn = replace(
        toluene, numbers=toluene.numbers[order], pos=toluene.pos[order], bonds=bonds, charges=toluene.charges
    )
    ring = {"scaffold_smarts": "c1ccccc1"}
    assert asked(toluene, formula="C7H8", **ring).objection(drawn) is None
    assert asked(toluene, formula="C7-9", **ring).objection(drawn) is None
    assert asked(toluene, formula="C8H10", **ring).objection(drawn) == "its formula is C7H8"
    moved = replace(drawn, pos=drawn.pos + np.array([0.1, 0, 0]))
    assert "of the scaffold moved by 0.1" in str(asked(toluene, formula="C7H8", **ring).objection(moved))


@pytest.mark.parametrize("by", ["levels", "replacement"])
def test_the_shipped_model_draws_both(model: MoleculeGenerator, by: str) -> None:
    drawn = model.sample(3, steps=5, scaffold=benzene, attach="1", formula="C7H8O", by=by)
    ring = read_scaffold(benzene, "1").molecule
    for molecule in drawn:
        assert sorted(molecule.numbers.tolist()) == sorted([6] * 7 + [1] * 8 + [8])
        assert np.abs(molecule.pos[:11] - ring.pos).max() < 1e-4
        assert np.array_equal(bond_orders(molecule)[:11, :11], bond_orders(ring))
        assert molecule.record["satisfied"] == int("unsatisfied" not in molecule.record)


@pytest.mark.parametrize(
    "more", [{"formula": "C4H10O"}, {"scaffold": ethane}, {"scaffold": ethane, "formula": "C4H10O"}]
)
def test_properties_go_with_both(model: MoleculeGenerator, more: dict[str, Any]) -> None:
    drawn = model.sample(2, steps=5, property="gap=0.3", guidance=2, **more)
    assert len(drawn) == 2
    assert all("satisfied" in molecule.record for molecule in drawn)
    if "formula" in more:
        assert all(sorted(m.numbers.tolist()) == [1] * 10 + [6] * 4 + [8] for m in drawn)
    if "scaffold" in more:
        assert all(m.numbers[:2].tolist() == [6, 6] for m in drawn)


def test_how_a_scaffold_is_kept_is_read(model: MoleculeGenerator) -> None:
    trained, by_default, thrice = (
        asked(ethane, **more)
        for more in ({"by": "levels"}, {"by": "replacement"}, {"by": "replacement", "resample": "3"})
    )
    assert type(trained) is ScaffoldRequest
    assert isinstance(by_default, ByReplacement) and isinstance(thrice, ByReplacement)
    assert (by_default.resample, thrice.resample) == (5, 3)
    options = read_options(steps=10, scaffold=ethane, by="replacement", resample=3)
    assert isinstance(model.sampler(options), Replacement)
    assert model.nfe(options) == 3 * 9 + 1


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"scaffold": ethane, "by": "magic"}, "--by magic is unknown; give levels or replacement"),
        ({"scaffold": ethane, "resample": 3}, "--resample repeats the steps of --by replacement; give that"),
        ({"scaffold": ethane, "by": "replacement", "resample": "x"}, "--resample needs a whole number"),
        ({"formula": "CH4", "by": "replacement"}, "--by cannot be used beside --formula"),
        ({"smiles": "CCO", "by": "replacement"}, "--by cannot be used beside --smiles"),
        ({"by": "replacement"}, "--by is understood only beside --scaffold"),
    ],
)
def test_ways_that_mean_nothing_are_refused(more: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_asked(**more)


def test_a_step_is_taken_at_least_once(model: MoleculeGenerator) -> None:
    options = read_options(scaffold=ethane, by="replacement", resample=0)
    with pytest.raises(InputError, match="takes every step at least once, got --resample 0"):
        model.check(options)


@pytest.mark.parametrize("more", [{}, {"formula": "C3H8O"}], ids=["scaffold", "and a formula"])
def test_a_model_without_bonds_keeps_atoms_by_replacement(more: dict[str, str]) -> None:
    """It takes one time for all atoms; the bonds are perceived, and the scaffold is looked for in them."""
    edm = load("edm", "cpu")
    with pytest.raises(InputError, match=r"needs a model that draws bonds.*--by replacement"):
        edm.check(read_options(scaffold=ethanol, **more))
    drawn = edm.sample(2, steps=5, scaffold=ethanol, attach="1", by="replacement", resample=2, **more)
    for molecule in drawn:
        assert molecule.numbers[:3].tolist() == [6, 6, 8]
        assert np.abs(molecule.pos[:3] - ethanol.pos[:3]).max() < 1e-4
        assert "satisfied" in molecule.record
        if more:
            assert sorted(molecule.numbers.tolist()) == [1] * 8 + [6] * 3 + [8]


def test_from_file_to_file_by_replacement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_molecules([ethane], tmp_path / "core.sdf")
    words = ["--scaffold", "core.sdf", "--by", "replacement", "--resample", "2", "--steps", "3"]
    code = main(["sample", "-n", "2", "-o", "out.sdf", "--device", "cpu", *words])
    assert code == 0, capsys.readouterr().err
    record = (tmp_path / "out.run.json").read_text()
    assert '"nfe": 5' in record and '"sampler": "Replacement"' in record and '"resample": 2' in record
