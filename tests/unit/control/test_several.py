"""Different requests drawn together: each molecule is given what its own request gives, and is held to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from molgen.checkpoint.generator import MoleculeGenerator, SamplingOptions
from molgen.chem.conformers import embed
from molgen.chem.formula import FormulaRange
from molgen.control import (
    AnalogueRequest,
    ConformerRequest,
    DeNovo,
    Draw,
    FormulaRequest,
    Request,
    ScaffoldRequest,
    Setting,
    Several,
    SeveralTargets,
    Targets,
    read_scaffold,
)
from molgen.control.several import REQUEST, merged
from molgen.core.errors import InputError
from molgen.sampling import ReverseSampler

ETHANOL = embed("CCO")


def formula(text: str) -> FormulaRequest:
    return FormulaRequest(FormulaRange.parse(text))


def mixed() -> list[Request]:
    """Requests that give different fields of molecules of different sizes."""
    part = replace(ETHANOL, record={})
    scaffold = ScaffoldRequest(read_scaffold(part), (9, 9))
    return [formula("CH4"), ConformerRequest("CCO"), scaffold, DeNovo((5, 5))]


def test_what_is_given_is_what_each_request_gives_alone(setting: Setting) -> None:
    draw = Draw(6, setting, torch.Generator().manual_seed(0), first=3)
    together = Several(mixed()).given(draw)
    assert together.molecules.num_atoms.tolist() == [5, 5, 9, 9, 5, 5]
    for row, request in enumerate([mixed()[(3 + i) % 4] for i in range(6)]):
        alone = request.given(replace(draw, count=1, generator=torch.Generator().manual_seed(0)))
        mine = together.take(torch.tensor([row]))
        assert mine.molecules.mask.equal(alone.molecules.mask)
        for name, value in alone.molecules.items():
            assert value.equal(mine.molecules[name]), (row, name)
            wholly = torch.ones_like(alone.molecules.entry_mask(name))
            real = alone.molecules.entry_mask(name)
            assert (mine.free[name] & real).equal(alone.free.get(name, wholly) & real), (row, name)


def test_a_hundred_times_one_request_is_that_request(model: MoleculeGenerator) -> None:
    asked = formula("C2H6O")
    one, many = (
        model.sample(3, SamplingOptions(steps=2, request=r), seed=5) for r in (asked, Several([asked] * 3))
    )
    assert [np.array_equal(a.pos, b.pos) for a, b in zip(one, many, strict=True)] == [True] * 3
    assert [m.record["satisfied"] for m in one] == [m.record["satisfied"] for m in many]


def test_each_molecule_answers_its_own_request(model: MoleculeGenerator) -> None:
    texts = ["CH4", "C2H6O", "CH2O"]
    requests = Several([formula(text) for text in texts])
    drawn = model.sample(4, SamplingOptions(steps=2, request=requests))
    assert [m.formula for m in drawn] == [*("CH4", "C2H6O", "CH2O"), "CH4"]
    assert [m.record[REQUEST] for m in drawn] == [1, 2, 3, 1]
    numbered = [replace(ETHANOL, record={REQUEST: n}) for n in (1, 2)]
    assert [requests.objection(m) for m in numbered] == ["its formula is C2H6O", None]


def test_each_molecule_gets_its_own_stereochemistry(model: MoleculeGenerator) -> None:
    """Also beside one that asks for none, and across batches of like size."""
    asked = ["C/C=C\\C#N", "C/C=C/C#N", "CCO", "C[C@H](O)[C@@H](N)C#N", "C[C@H](O)[C@H](N)C#N"]
    requests = [ConformerRequest(smiles) for smiles in asked]
    drawn = model.sample(20, SamplingOptions(steps=12, batch_size=7, request=Several(requests)))
    for smiles, place in zip(asked, range(5), strict=True):
        assert sum(int(m.record["satisfied"]) for m in drawn[place::5]) >= 3, smiles


def test_an_impossible_request_among_several_is_refused(setting: Setting) -> None:
    with pytest.raises(InputError, match="does not know Cl"):
        Several([formula("CH4"), formula("CH3Cl")]).check(setting)
    with pytest.raises(InputError, match="at least one"):
        Several([])


def test_molecules_that_start_at_different_times_are_not_drawn_together(setting: Setting) -> None:
    draw = Draw(1, setting, torch.Generator())
    given = [AnalogueRequest([ETHANOL], strength).given(draw) for strength in (0.3, 0.6)]
    assert merged([given[0], given[0]]).start == 0.3
    with pytest.raises(InputError, match=r"start at one time, got \[0.3, 0.6\]"):
        merged(given)


def targets(*texts: str, guidance: float = 1.0) -> SeveralTargets:
    return SeveralTargets.of([Targets.parse([text], guidance) for text in texts])


def test_every_molecule_has_its_own_value(setting: Setting) -> None:
    several = targets("gap=0.1", "gap=0.3", "gap=0.2", guidance=2)
    assert several.guidance == 2
    assert (several.targets["gap"].low, several.targets["gap"].high) == (0.1, 0.3)
    assert several.check(setting) == []
    labels = several.draw(3, setting, torch.Generator())
    assert labels["gap"].tolist() == pytest.approx([0.1, 0.3, 0.2])
    with pytest.raises(InputError, match="3 molecules have targets, but 2"):
        several.draw(2, setting, torch.Generator())


def test_each_molecule_is_held_against_its_own_value() -> None:
    several = targets("rings=0", "rings=1")
    first, second = (several.for_molecule(replace(ETHANOL, record={REQUEST: n})) for n in (1, 2))
    assert first.objection({"rings": 0}, ["rings"]) is None
    assert second.objection({"rings": 0}, ["rings"]) == "its rings is 0"


def test_drawn_molecules_carry_their_own_values(model: MoleculeGenerator) -> None:
    asked = targets("tpsa=10", "tpsa=40")
    options = SamplingOptions(steps=2, request=Several([DeNovo(), DeNovo()]), targets=asked)
    assert [m.record["asked_tpsa"] for m in model.sample(2, options)] == [10, 40]


def test_requests_that_sample_differently_are_not_drawn_together(model: MoleculeGenerator) -> None:
    sampler = model.sampler(SamplingOptions(steps=2))

    class Slower(DeNovo):
        def sampled_by(self, sampler: ReverseSampler) -> ReverseSampler:
            return model.sampler(SamplingOptions(steps=4))

    assert Several(mixed()).sampled_by(sampler) is sampler
    with pytest.raises(InputError, match="a sampler of their own"):
        Several([DeNovo(), Slower()]).sampled_by(sampler)


def test_targets_of_different_kinds_are_not_drawn_together() -> None:
    with pytest.raises(InputError, match="2 different kinds"):
        targets("gap=0.1", "rings=1")
    with pytest.raises(InputError, match="0 different kinds"):
        SeveralTargets.of([])
