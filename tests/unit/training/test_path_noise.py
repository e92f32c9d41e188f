"""Path noise widens noisy positions by the stated scale, in their subspace, and touches nothing else."""

from __future__ import annotations

import pytest
import torch

from molgen.core import MolBatch, NoiseLevels
from molgen.core.errors import ConfigError
from molgen.noise import JointNoise
from molgen.training import DenoisingObjective
from molgen.training.path_noise import PathNoise

SCALE = 0.2


def clean(noise: JointNoise, sizes: list[int]) -> MolBatch:
    return noise.prior(noise.template(torch.tensor(sizes)), torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("time", "expected"), [(0.0, 0.0), (0.1, 0.6), (0.5, 1.0), (1.0, 0.0)])
def test_spread_follows_the_bridge(noise: JointNoise, time: float, expected: float) -> None:
    """Over many atoms the added noise has the stated variance in ``3 (n - 1)`` dimensions."""
    x_t = clean(noise, [5] * 4000)
    levels = NoiseLevels.uniform(torch.full((4000,), time), x_t)
    widened = PathNoise(SCALE)(noise, x_t, levels, torch.Generator().manual_seed(0))
    added = widened.pos - x_t.pos
    measured = (added.square().sum() / (4000 * 12)).sqrt().item()
    assert measured == pytest.approx(expected * SCALE * noise.unit("pos"), rel=0.02, abs=1e-7)
    assert added.mean(dim=1).abs().max() < 1e-6
    assert all(torch.equal(widened[name], x_t[name]) for name in noise.fields if name != "pos")


def test_given_atoms_stay_bit_by_bit(noise: JointNoise) -> None:
    """Atoms at level 0 are not moved; the free ones carry full noise, which shifts their centroid."""
    x_t = clean(noise, [6] * 8)
    free = {name: torch.ones_like(x_t.entry_mask(name)) for name in noise.fields}
    free["pos"] = torch.arange(6).expand(8, 6) >= 2
    levels = NoiseLevels.partial(torch.full((8,), 0.5), x_t, free)
    widened = PathNoise(SCALE)(noise, x_t, levels, torch.Generator().manual_seed(0))
    assert torch.equal(widened.pos[:, :2], x_t.pos[:, :2])
    moved = widened.pos[:, 2:] - x_t.pos[:, 2:]
    assert (moved.abs() > 0).all() and (moved.mean(dim=1).norm(dim=-1) > 1e-3).all()


def test_objective_shows_the_widened_state(noise: JointNoise) -> None:
    """With the same seed only positions differ from what is prepared without path noise."""
    x0 = clean(noise, [4, 5, 6])
    plain = DenoisingObjective(noise).prepare(x0, torch.Generator().manual_seed(3))
    wide = DenoisingObjective(noise, path=PathNoise(SCALE)).prepare(x0, torch.Generator().manual_seed(3))
    assert torch.equal(plain.levels["pos"], wide.levels["pos"])
    assert not torch.equal(plain.x_t.pos, wide.x_t.pos) and torch.equal(plain.x_t["atom"], wide.x_t["atom"])


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_a_scale_that_is_not_positive_is_refused(scale: float) -> None:
    with pytest.raises(ConfigError, match="positive scale"):
        PathNoise(scale)
