"""The shipped checkpoints do what their cards say, within what a small sample can tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import molgen
from molgen.checkpoint import SamplingOptions, shipped_checkpoints
from molgen.control.conformers import graph_given
from molgen.evaluation import evaluate
from molgen.sampling import Polish
from molgen.trials.held_out import HeldOut

QM9_200 = Path(__file__).parents[1] / "fixtures" / "qm9_200"


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


def test_polishing_leaves_bonds_their_length() -> None:
    """To two thousandths on the mean; without the lean of the noise they shrink by more than twice that."""
    known = [molecule for molecule in HeldOut.read(QM9_200, "validation", 0) if molecule.num_atoms > 12]
    bonds = [np.asarray(molecule.bonds)[:, :2].T for molecule in known]
    model = molgen.load("qm9", "cpu")
    source = model.source(SamplingOptions())
    given = graph_given(known, model.setting, torch.Generator().manual_seed(0))
    change = {}
    for name, polish in (("with", Polish()), ("without", replace(Polish(), lean=0.0))):
        moved = [batch.pos[0].double().numpy() for batch in source.polished(given, polish)]
        lengths = [
            [np.linalg.norm(pos[i] - pos[j], axis=1) for pos in (molecule.pos, new)]
            for molecule, new, (i, j) in zip(known, moved, bonds, strict=True)
        ]
        change[name] = np.concatenate([after / before for before, after in lengths]).mean() - 1
    assert abs(change["with"]) < 0.002 and change["without"] < -0.004
