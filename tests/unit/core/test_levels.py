"""NoiseLevels: one time per entry, and the refusal of patterns that a network cannot see."""

from __future__ import annotations

import pytest
import torch

from molgen.core import MolBatch, NoiseLevels
from molgen.core.errors import FieldError, LevelSupportError


def batch_with_bonds() -> MolBatch:
    """Two molecules of up to three atoms with an atom field and a pair field."""
    mask = torch.tensor([[True, True, True], [True, False, False]])
    return MolBatch(
        mask=mask, pos=torch.zeros(2, 3, 3), atom=torch.zeros(2, 3, 5), bond=torch.zeros(2, 3, 3, 4)
    )


def test_uniform_gives_every_entry_its_molecules_time() -> None:
    """Shapes are those of the fields without their last axis."""
    time = torch.tensor([0.25, 0.75])
    levels = NoiseLevels.uniform(time, batch_with_bonds())
    assert torch.equal(levels["pos"], time.view(2, 1).expand(2, 3))
    assert torch.equal(levels["atom"], time.view(2, 1).expand(2, 3))
    assert torch.equal(levels["bond"], time.view(2, 1, 1).expand(2, 3, 3))
    assert torch.equal(levels.per_molecule(), time)


def test_mixed_levels_have_no_molecule_time() -> None:
    """The error says what is wrong and which kind of denoiser to take instead."""
    levels = NoiseLevels({"pos": torch.tensor([[0.0, 0.5]])})
    with pytest.raises(LevelSupportError, match=r"one noise level per molecule.*PER_ENTRY"):
        levels.per_molecule()


def test_an_absent_field_is_named() -> None:
    """The error lists the fields that have levels."""
    levels = NoiseLevels.uniform(torch.tensor([0.1, 0.2]), batch_with_bonds())
    with pytest.raises(FieldError, match=r"no noise level for field 'charge'.*\['atom', 'bond', 'pos'\]"):
        levels["charge"]
