"""Words and Python names become the same requests, and what cannot go together is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from jsonargparse import ArgumentParser

from molgen.checkpoint.generator import MoleculeGenerator, SamplingOptions, read_options
from molgen.chem.formula import FormulaRange
from molgen.chem.molecule import Molecule
from molgen.cli import sample
from molgen.control import AnalogueRequest, DeNovo, FormulaRequest, Targets, read_asked
from molgen.control.analogue import DEFAULT_STRENGTH
from molgen.control.options import OPTIONS, STRUCTURES, read_number, read_sizes
from molgen.core.errors import InputError


def test_nothing_asked_is_anything() -> None:
    request, targets = read_asked(formula=None, property=None)
    assert type(request) is DeNovo and request.num_atoms is None
    assert targets == Targets({}, 1.0)


def test_formulas_with_sizes_and_properties() -> None:
    request, targets = read_asked(
        formula="C5-7 N1", num_atoms="12-20", property=["gap=0.2", "mu=1-2"], guidance=2
    )
    assert isinstance(request, FormulaRequest)
    assert request.formula == FormulaRange.parse("C5-7 N1") and request.num_atoms == (12, 20)
    assert targets == Targets.parse(["gap=0.2", "mu=1-2"], 2.0)


def test_one_property_needs_no_list() -> None:
    assert read_asked(property="gap=0.2")[1] == read_asked(property=["gap=0.2"])[1]


def test_analogues_have_a_strength() -> None:
    by_default, _ = read_asked(like="CCO")
    stronger, _ = read_asked(like="CCO", strength="0.8")
    assert isinstance(by_default, AnalogueRequest) and isinstance(stronger, AnalogueRequest)
    assert (by_default.strength, stronger.strength) == (DEFAULT_STRENGTH, 0.8)
    assert [parent.smiles for parent in stronger.parents] == ["CCO"]


@pytest.mark.parametrize(
    ("given", "sizes"),
    [(None, None), (18, (18, 18)), ("18", (18, 18)), ("15-20", (15, 20)), ((3, 5), (3, 5))],
)
def test_sizes(given: Any, sizes: tuple[int, int] | None) -> None:
    assert read_sizes(given) == sizes


@pytest.mark.parametrize("given", ["0", 0, "20-10", "abc", "-3", "3-", "1.5", ""])
def test_what_is_no_size(given: Any) -> None:
    with pytest.raises(InputError, match="is not a size; give a number such as 18 or a range such as 15-20"):
        read_sizes(given)


def test_what_is_no_number() -> None:
    assert read_number("guidance", 2) == read_number("guidance", "2.0") == 2.0
    with pytest.raises(InputError, match="--guidance needs a number, got 'much'"):
        read_number("guidance", "much")


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"formula": "CH4", "like": "CCO"}, "--formula, --like cannot be asked for together; give one"),
        (
            {"colour": "red"},
            "--colour cannot be used; accepted are --attempts, --formula.*--guidance.*--num-atoms",
        ),
        ({"colour": "red", "size": 3}, "--colour, --size cannot be used; accepted are"),
        ({"formula": "CH4", "strength": 0.3}, "--strength cannot be used beside --formula; accepted are"),
        (
            {"like": "CCO", "num_atoms": 9},
            "--num-atoms cannot be used beside --like; accepted are.*--strength",
        ),
        ({"strength": 0.3}, "--strength is understood only beside --like; give that too"),
        ({"guidance": 2.0}, "--guidance strengthens properties; give some with --property"),
        ({"property": "gap=1", "guidance": "much"}, "--guidance needs a number, got 'much'"),
        ({"like": "CCO", "strength": "weak"}, "--strength needs a number, got 'weak'"),
        ({"property": ["gap=1", "gap=2"]}, "gives gap twice"),
    ],
)
def test_contradictions(asked: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_asked(**asked)


def test_the_command_line_declares_every_option() -> None:
    """So that neither can gain an option without the other."""
    whole, requests = ArgumentParser(), ArgumentParser()
    sample.add_arguments(whole)
    sample._add_requests(requests)
    declared = {action.dest for action in requests._actions if action.dest != "help"}
    understood = {name for structure, (_, more) in STRUCTURES.items() for name in (structure, *more)}
    assert declared == set(OPTIONS) == understood | {"num_atoms", "property", "guidance", "attempts"}
    assert len(OPTIONS) == len(set(OPTIONS))
    assert all(whole.parse_args([])[name] is None for name in OPTIONS), "absent options are None"


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["--formula", "C5-7 N1"], {"formula": "C5-7 N1"}),
        (["--num-atoms", "15-20"], {"num_atoms": "15-20"}),
        (["--property", "homo=-0.2:-0.1", "--guidance", "2"], {"property": "homo=-0.2:-0.1", "guidance": 2}),
        (["--property", "gap=1", "--property", "mu=2"], {"property": ["gap=1", "mu=2"]}),
        (["--like", "CCO", "--strength", "0.3"], {"like": "CCO", "strength": 0.3}),
    ],
)
def test_words_and_names_mean_the_same(words: list[str], asked: dict[str, Any]) -> None:
    parser = ArgumentParser()
    sample.add_arguments(parser)
    options = parser.parse_args(words)
    by_words, word_targets = read_asked(**{name: options[name] for name in OPTIONS})
    by_name, name_targets = read_asked(**asked)
    assert word_targets == name_targets
    assert type(by_words) is type(by_name)
    plain = {k: v for k, v in vars(by_name).items() if k != "parents"}
    assert {k: v for k, v in vars(by_words).items() if k != "parents"} == plain


def positions(molecules: list[Molecule]) -> list[float]:
    return np.concatenate([molecule.pos.ravel() for molecule in molecules]).tolist()


def test_keywords_draw_what_options_draw(model: MoleculeGenerator) -> None:
    options = read_options(steps=3, sampler="heun", batch_size=2, formula="C2H6O")
    assert options.steps == 3 and isinstance(options.request, FormulaRequest)
    by_options = model.sample(3, options, seed=4)
    by_names = model.sample(3, seed=4, steps=3, sampler="heun", batch_size=2, formula="C2H6O")
    assert positions(by_options) == positions(by_names)
    assert [m.record for m in by_options] == [m.record for m in by_names]
    assert all("satisfied" in molecule.record for molecule in by_names)


def test_options_and_keywords_together_are_refused(model: MoleculeGenerator) -> None:
    with pytest.raises(InputError, match=r"give options or \['formula', 'steps'\], not both"):
        model.sample(1, SamplingOptions(steps=2), formula="CH4", steps=3)


def test_unknown_keywords_are_refused(model: MoleculeGenerator) -> None:
    with pytest.raises(InputError, match="--colour cannot be used; accepted are"):
        model.sample(1, colour="red")


def test_what_is_asked_is_what_can_fail() -> None:
    assert not SamplingOptions().asks
    assert not read_options(num_atoms=18).asks
    assert read_options(formula="CH4").asks and read_options(property="gap=1").asks
    assert replace(SamplingOptions(), targets=Targets.parse(["gap=1"])).asks
