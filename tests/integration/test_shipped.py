"""The shipped checkpoints do what their cards say, within what a small sample can tell."""

from __future__ import annotations

import pytest

import molgen
from molgen.checkpoint import shipped_checkpoints
from molgen.evaluation import evaluate


@pytest.mark.parametrize("name", shipped_checkpoints())
def test_the_same_seed_gives_the_same_molecules(name: str) -> None:
    first, again = (molgen.load(name, "cpu").sample(4, steps=5, num_atoms="12-14", seed=3) for _ in range(2))
    assert [m.pos.tolist() for m in first] == [m.pos.tolist() for m in again]


def test_the_default_model_draws_whole_molecules() -> None:
    """At 20 steps most molecules are valid and in one piece; a broken sampler gives next to none."""
    drawn = molgen.load(device="cpu").sample(100, steps=20, seed=0)
    shares = evaluate(drawn, "bonded").shares
    assert (shares["valid_and_connected"].value or 0) > 0.6
    assert (shares["uniqueness"].value or 0) > 0.95
