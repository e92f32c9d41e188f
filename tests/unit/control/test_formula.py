"""Formulas: drawn as often as training has them, kept by what is drawn, and wrong ones noticed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from molgen.checkpoint.generator import MoleculeGenerator
from molgen.chem.conformers import embed
from molgen.chem.formula import FormulaRange
from molgen.chem.molecule import Molecule
from molgen.control import Draw, FormulaRequest, Setting
from molgen.control.wholeness import not_whole
from molgen.core.errors import InputError
from molgen.core.formula import formula_counts, hill

DRAWS = 4000


def asked(text: str, num_atoms: tuple[int, int] | None = None) -> FormulaRequest:
    return FormulaRequest(FormulaRange.parse(text), num_atoms)


def drawn(request: FormulaRequest, setting: Setting, generator: torch.Generator) -> Counter[str]:
    """Formulas of the given elements, each column of the one-hot field counted."""
    counts = request.given(Draw(DRAWS, setting, generator)).molecules["atom"].sum(dim=1).int().tolist()
    return Counter(hill(dict(zip(setting.vocab.elements, row, strict=True))) for row in counts)


def test_an_exact_formula_need_not_be_in_training(setting: Setting, generator: torch.Generator) -> None:
    assert drawn(asked("C2H5NO"), setting, generator) == {"C2H5NO": DRAWS}


def test_a_formula_far_larger_than_training_is_refused(setting: Setting) -> None:
    with pytest.raises(InputError, match=r"has 182 atoms; the model is asked for at most 10"):
        asked("C60H122").check(setting)


def test_a_range_beside_a_property_follows_the_size_that_it_asks_for(
    setting: Setting, generator: torch.Generator
) -> None:
    """Each formula is weighted by how likely the property is in molecules of its size (Bayes' rule)."""
    labels = {"gap": torch.full((DRAWS,), 0.05)}
    draw = Draw(DRAWS, setting, generator, labels)
    counts = asked("C1-2 O0-1").given(draw).molecules.num_atoms.tolist()
    likelihood = draw.likelihood(torch.tensor([5, 8, 9, 6]))[0]
    weight = dict(zip((5, 8, 9, 6), (likelihood * torch.tensor([6, 3, 1, 4])).tolist(), strict=True))
    for size, share in weight.items():
        expected = share / sum(weight.values())
        spread = 5 * (expected * (1 - expected) / DRAWS) ** 0.5
        assert abs(counts.count(size) / DRAWS - expected) < spread


@pytest.mark.parametrize(
    ("text", "num_atoms", "weights"),
    [
        ("C1-2", None, {"CH4": 6, "C2H6": 3, "C2H4": 4}),
        ("C2 O0-1", None, {"C2H6": 3, "C2H6O": 1, "C2H4": 4}),
        ("C1-2 O0-1", (6, 8), {"C2H6": 3, "C2H4": 4}),
        ("C2H6 O0-1", None, {"C2H6": 3, "C2H6O": 1}),
        ("C0-1 O0-1", None, {"CH4": 6, "H2O": 2}),
    ],
)
def test_a_range_keeps_the_proportions_of_training(
    text: str,
    num_atoms: tuple[int, int] | None,
    weights: dict[str, int],
    setting: Setting,
    generator: torch.Generator,
) -> None:
    found = drawn(asked(text, num_atoms), setting, generator)
    assert found.keys() == weights.keys()
    for formula, weight in weights.items():
        share = weight / sum(weights.values())
        error = (share * (1 - share) / DRAWS) ** 0.5
        assert abs(found[formula] / DRAWS - share) <= 5 * error, formula


def test_elements_are_given_and_all_else_is_drawn(setting: Setting, generator: torch.Generator) -> None:
    given = asked("C2H6 O0-1").given(Draw(64, setting, generator))
    assert not given.free["atom"].any()
    for name in ("pos", "charge", "bond"):
        assert given.free[name][given.molecules.entry_mask(name)].all(), name
    heavy = given.molecules["atom"][..., 1:].sum(dim=-1)
    assert (heavy[:, 1:] <= heavy[:, :-1]).all(), "heavy atoms stand first"


@pytest.mark.parametrize("text", ["C3H7NO", "C2-3 O1"])
def test_the_shipped_model_keeps_the_elements(text: str, model: MoleculeGenerator) -> None:
    request = asked(text)
    molecules = model.sample(6, formula=text, steps=5, seed=1)
    assert all(request.formula.holds(formula_counts(molecule.formula)) for molecule in molecules)
    for molecule in molecules:
        # The formula is kept by construction, so that only a molecule that is not whole can disappoint.
        problem = molecule.failure or not_whole(molecule)
        assert molecule.record["satisfied"] == (problem is None)
        assert molecule.record.get("unsatisfied") == problem


def test_a_wrong_formula_is_noticed() -> None:
    ethanol, ethane = embed("CCO"), embed("CC")
    assert asked("C2H6O").objection(ethanol) is None
    assert asked("C1-2 O0-1").objection(ethane) is None
    assert asked("C2H6").objection(ethanol) == "its formula is C2H6O"
    assert asked("C3").objection(ethane) == "its formula is C2H6"
    swapped = Molecule(np.where(ethane.numbers == 6, 7, ethane.numbers), ethane.pos, ethane.bonds)
    assert asked("C2H6").objection(swapped) == "its formula is H6N2"


def test_the_charge_in_a_formula_is_not_read_as_atoms() -> None:
    ammonium = embed("C[NH3+]")
    assert ammonium.formula == "CH6N+"
    assert asked("CH6N").objection(ammonium) is None


@pytest.mark.parametrize(
    ("text", "num_atoms", "reason"),
    [
        ("C2H5", None, "has an odd number of electrons.*change the hydrogens by one"),
        ("C2H5Cl", None, "the checkpoint 'handmade' does not know Cl; it knows H, C, N, O, F"),
        ("C2-3 Br0-1", None, "does not know Br"),
        ("C2H6", (9, 12), "has 8 atoms, but --num-atoms asks for 9 to 12; leave one of them out"),
        ("C1-2", (20, 30), "no training molecule has such a formula of 20 to 30 atoms; widen the range"),
        ("C8-9", None, "no training molecule has such a formula; widen the range"),
        ("C2", (1, 2), "no training molecule has such a formula of 1 to 2 atoms"),
    ],
)
def test_what_cannot_be_asked_is_refused_first(
    text: str, num_atoms: tuple[int, int] | None, reason: str, setting: Setting
) -> None:
    with pytest.raises(InputError, match=reason):
        asked(text, num_atoms).check(setting)


def test_what_can_be_asked_passes(setting: Setting, without_bonds: Setting) -> None:
    asked("C2H6", (8, 12)).check(setting)
    asked("C1-2 O0-1").check(setting)
    with pytest.raises(InputError, match="needs a model that draws bonds"):
        asked("C2H6").check(without_bonds)
