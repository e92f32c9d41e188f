"""The objective corrupts at the drawn times, scores each field, and weighs the sum."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from molgen.core import Denoiser, LevelSupport, MolBatch, NoiseLevels
from molgen.core.contracts import Condition
from molgen.core.errors import ConfigError, FieldError
from molgen.noise import JointNoise
from molgen.training import DenoisingObjective
from molgen.training.times import TimeDistribution

FIXED = torch.tensor([0.1, 0.6, 0.9])


class FixedTimes(TimeDistribution):
    """The same times at every call."""

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """See base."""
        return FIXED[:count]


class Zero(Denoiser):
    """Predicts nothing but zeros, and keeps what it was shown."""

    level_support = LevelSupport.PER_ENTRY

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base."""
        self.x_t, self.levels = x_t, levels
        return x_t.map(lambda _, value: torch.zeros_like(value))


@pytest.fixture
def x0(noise: JointNoise, generator: torch.Generator) -> MolBatch:
    """Three molecules with a charge field on top of what the noise carries."""
    drawn = noise.prior(noise.template(torch.tensor([3, 1, 4])), generator)
    return drawn.replace(charge=torch.zeros(*drawn.mask.shape, 3))


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(4)


def test_scores_the_prediction_at_the_drawn_times(noise: JointNoise, x0: MolBatch) -> None:
    """The denoiser sees ``x_t`` at those times; each loss is the noise's own; the total is their sum."""
    denoiser = Zero()
    losses = DenoisingObjective(noise, FixedTimes())(denoiser, x0, seeded())
    clean = x0.select(noise.fields)
    levels = NoiseLevels.uniform(FIXED, clean)
    assert torch.equal(denoiser.levels.per_molecule(), FIXED)
    corrupted = noise.corrupt(clean, levels, seeded())
    assert all(torch.equal(value, denoiser.x_t[name]) for name, value in corrupted.items())
    expected = noise.losses(clean.map(lambda _, value: 0 * value), clean, levels)
    assert set(losses) == {"loss", *(f"loss/{name}" for name in noise.fields)}
    for name, value in expected.items():
        torch.testing.assert_close(losses[f"loss/{name}"], value)
    torch.testing.assert_close(losses["loss"], torch.stack(list(expected.values())).sum())


def test_weights_scale_the_total_alone(noise: JointNoise, x0: MolBatch) -> None:
    """Fields without a weight count once; the losses by field are reported unweighted."""
    plain = DenoisingObjective(noise, FixedTimes())(Zero(), x0, seeded())
    weighted = DenoisingObjective(noise, FixedTimes(), {"pos": 3.0, "number": 0.0})(Zero(), x0, seeded())
    for name in noise.fields:
        assert torch.equal(weighted[f"loss/{name}"], plain[f"loss/{name}"])
    torch.testing.assert_close(weighted["loss"], 3 * plain["loss/pos"] + plain["loss/atom"])


def test_default_times_are_stratified(noise: JointNoise, x0: MolBatch) -> None:
    denoiser = Zero()
    DenoisingObjective(noise)(denoiser, x0, seeded())
    strata = (denoiser.levels.per_molecule() * 3).floor().sort().values
    assert strata.tolist() == [0, 1, 2]


def test_a_weight_without_a_field_is_refused(noise: JointNoise) -> None:
    """A misspelt field name would otherwise silently weigh nothing."""
    with pytest.raises(ConfigError, match=r"loss weights for \['position'\].*'pos'"):
        DenoisingObjective(noise, field_weights={"position": 2.0})


def test_a_batch_without_a_field_is_refused(noise: JointNoise, x0: MolBatch) -> None:
    with pytest.raises(FieldError, match="'number'"):
        DenoisingObjective(noise)(Zero(), x0.replace(number=None), seeded())
