"""Repair: only what is broken is drawn again, from part of the way, and what is given stays."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch

from molgen.checkpoint.generator import MoleculeGenerator, SamplingOptions, load, read_options
from molgen.checkpoint.records import REDRAWN
from molgen.chem.molecule import Molecule
from molgen.cli.main import main
from molgen.control import DeNovo, Setting, Several
from molgen.control.repair import DEFAULT_ROUNDS, Repair, Withheld
from molgen.control.wholeness import not_whole
from molgen.core import MolBatch
from molgen.core.errors import InputError
from molgen.core.tasks import Given


class Shifting:
    """In place of a model: moves what it is given by one angstrom, and remembers it."""

    def __init__(self) -> None:
        self.seen: list[Given] = []

    def complete(self, given: Given, generator: torch.Generator) -> list[MolBatch]:
        self.seen.append(given)
        rows = [given.take(torch.tensor([row])).molecules for row in range(len(given.molecules))]
        return [m.replace(pos=m.pos + m.mask.unsqueeze(-1)) for m in rows]


@pytest.fixture
def drawn(setting: Setting) -> tuple[list[MolBatch], Given]:
    """Molecules of five, seven and nine atoms at the origin, and that nothing was known of them."""
    sizes = torch.tensor([5, 7, 9])
    given = Given.nothing(setting.blank(sizes))
    return [given.take(torch.tensor([row])).molecules for row in range(3)], given


class Refusing(DeNovo):
    """Asks for what no molecule is."""

    def objection(self, molecule: Molecule) -> str | None:
        """See base."""
        return "it is a molecule"


def moved(molecule: MolBatch) -> float:
    return float(molecule.pos.max())


def test_only_broken_ones_are_drawn_again_until_they_are_whole(drawn: tuple[list[MolBatch], Given]) -> None:
    molecules, given = drawn
    wanted = [0.0, 2.0, 5.0]
    model = Shifting()
    repaired, times = Repair(3, start=0.4)(
        molecules, given, model, lambda row, m: moved(m) < wanted[row], torch.Generator()
    )
    assert times == [0, 2, 3] and [moved(m) for m in repaired] == [0.0, 2.0, 3.0]
    assert repaired[0] is molecules[0]
    assert [len(known.molecules) for known in model.seen] == [2, 2, 1]
    assert {known.start for known in model.seen} == {0.4}
    assert [m.pos.shape[1] for m in repaired] == [5, 7, 9]


def test_no_rounds_draw_nothing(drawn: tuple[list[MolBatch], Given]) -> None:
    molecules, given = drawn
    repaired, times = Repair(0)(molecules, given, Shifting(), lambda row, m: True, torch.Generator())
    assert times == [0, 0, 0] and all(a is b for a, b in zip(repaired, molecules, strict=True))
    with pytest.raises(InputError, match="less than 0"):
        Repair(-1)


def test_what_was_given_and_asked_is_given_again(setting: Setting) -> None:
    free = {"pos": torch.tensor([[False] * 3 + [True] * 3] * 2)}
    labels = {"gap": torch.tensor([0.2, 0.3])}
    given = Given(setting.blank(torch.tensor([6, 6])).labelled(labels), free, start=0.3)
    molecules = [given.take(torch.tensor([row])).molecules for row in range(2)]
    model = Shifting()
    Repair(1)(molecules, given, model, lambda row, m: row == 1, torch.Generator())
    (again,) = model.seen
    assert again.start == 0.3, "no later than they began"
    assert again.free["pos"].equal(free["pos"][1:])
    assert again.molecules.labels["gap"].tolist() == pytest.approx([0.3])


def test_more_molecules_are_whole_and_the_others_are_the_same(model: MoleculeGenerator) -> None:
    once = model.sample(40, SamplingOptions(steps=6, repair=0), seed=3)
    options = SamplingOptions(steps=6)
    repaired = model.sample(40, options, seed=3)
    again = [int(m.record.get(REDRAWN, 0)) for m in repaired]
    assert any(again) and not all(again)
    for before, after, times in zip(once, repaired, again, strict=True):
        assert (times == 0) == (before.failure is None and not_whole(before) is None)
        assert times or (before.smiles == after.smiles and (before.pos == after.pos).all())
    valid = [sum(m.failure is None and m.num_fragments == 1 for m in ms) for ms in (once, repaired)]
    assert valid[1] > valid[0]
    nfe, calls = model.nfe(options), model.nfe(SamplingOptions(steps=Repair().steps))
    assert model.nfe(options, repaired) == pytest.approx(nfe + sum(again) / 40 * calls)
    assert model.nfe(options, once) == nfe


def test_valid_molecules_that_are_not_what_was_asked_are_drawn_again(model: MoleculeGenerator) -> None:
    """In every round of the stream, each held against its own request."""
    request = Several([Refusing(), DeNovo()])
    rounds = model.stream(3, SamplingOptions(steps=16, request=request, repair=2), seed=3)
    molecules = [*next(rounds), *next(rounds)]
    refused = [m for m in molecules if m.record["request"] == 1]
    assert len(refused) == 3 and all(m.record[REDRAWN] == 2 for m in refused)
    assert all(m.record["unsatisfied"] for m in refused)
    assert any(REDRAWN not in m.record for m in molecules)


def test_what_is_not_finite_stays_and_harms_no_other(drawn: tuple[list[MolBatch], Given]) -> None:
    molecules, given = drawn
    molecules[1] = molecules[1].replace(pos=molecules[1].pos * torch.nan)
    repaired, times = Repair(2)(molecules, given, Shifting(), lambda row, m: True, torch.Generator())
    assert times == [2, 0, 2] and repaired[1] is molecules[1]


def test_the_last_report_waits_for_repairs() -> None:
    told: list[int] = []
    withheld = Withheld(told.append)
    for count in (3, 2, 1):
        withheld(count)
    assert told == [3, 2]
    withheld.release()
    assert told == [3, 2, 1]
    withheld.release()
    Withheld(None)(4)
    assert told == [3, 2, 1]


def test_scaffolds_are_kept_in_repaired_molecules(model: MoleculeGenerator, tmp_path: Path) -> None:
    core = tmp_path / "core.sdf"
    assert main(["sample", "-n", "1", "--smiles", "c1ccccc1", "--steps", "8", "-o", str(core)]) == 0
    asked = {"scaffold": str(core), "attach": "1", "num_atoms": "15-18"}
    molecules = model.sample(12, read_options(steps=5, **asked), seed=1)
    redrawn = [m for m in molecules if m.record.get(REDRAWN)]
    assert redrawn and any(m.record["satisfied"] for m in redrawn)
    for molecule in redrawn:
        assert not re.search("moved by|another element", str(molecule.record.get("unsatisfied", "")))


def test_the_record_counts_repairs(tmp_path: Path) -> None:
    output = tmp_path / "out.sdf"
    assert main(["sample", "-n", "20", "--steps", "5", "-o", str(output)]) == 0
    record = json.loads((tmp_path / "out.run.json").read_text())
    assert record["repair"] == DEFAULT_ROUNDS and record["nfe"] > record["nfe_unrepaired"]
    assert "<redrawn>" in output.read_text()
    assert main(["sample", "-n", "20", "--steps", "5", "--repair", "0", "-o", str(output)]) == 0
    record = json.loads((tmp_path / "out.run.json").read_text())
    assert record["repair"] == 0 and record["nfe"] == record["nfe_unrepaired"]


def test_models_without_bonds_are_not_repaired() -> None:
    edm = load("edm")
    assert edm.repair(SamplingOptions()).rounds == 0
    with pytest.raises(InputError, match="draws bonds"):
        edm.check(SamplingOptions(repair=2))
    with pytest.raises(InputError, match="whole number"):
        read_options(repair="often")
