"""The generator that users hold: what it builds once, and that it can be sent to another process."""

import pickle
from pathlib import Path

import pytest

from molgen.checkpoint import MoleculeGenerator, SamplingOptions, generator, load_checkpoint
from molgen.control.repair import Repair


def held(folder: Path) -> MoleculeGenerator:
    return MoleculeGenerator(load_checkpoint(folder), "cpu")


def test_a_sampler_is_built_once_for_each_number_of_steps(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []
    build = generator.build_sampler
    monkeypatch.setattr(
        generator, "build_sampler", lambda config, *how: built.append(how) or build(config, *how)
    )
    model = held(tiny_checkpoint)
    two, other = SamplingOptions(steps=2), SamplingOptions(steps=2, sampler="ddim")
    assert model.sampler(two) is model.sampler(two)
    assert model.sampler(other) is not model.sampler(two)
    model.sample(2, steps=2, seed=0)
    model.sample(2, steps=2, seed=1)
    assert built == [(None, 2), ("ddim", 2), (None, Repair().steps)]


def test_a_pickled_generator_draws_the_same_molecules(tiny_checkpoint: Path) -> None:
    model = held(tiny_checkpoint)
    drawn = model.sample(3, steps=2, seed=4)
    again = pickle.loads(pickle.dumps(model)).sample(3, steps=2, seed=4)
    assert [m.pos.tolist() for m in drawn] == [m.pos.tolist() for m in again]
