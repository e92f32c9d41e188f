"""Given the exact denoiser of a known Gaussian, every sampler returns that Gaussian.

Every sampler in ``configs/sampling`` is tested; adding a YAML there adds its tests. What cannot be
exact is the discretisation of the chain. For this linear model it has a closed form, so it is known:

- 1000 steps: variances are up to 0.6 % (ancestral) and 0.3 % (DDIM) too small, and the prior at
  ``alpha(1) = 0.003`` moves DDIM's mean by up to 0.5 % of a standard deviation. With 3000 molecules of
  each size the standard errors are 2.6 % and 1.8 %, well above the bias.
- 100 steps: variances are up to 5.8 % (ancestral) and 3.3 % (DDIM) too small.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
import yaml
from exact_gaussian import MULTIPLE, SIZES, ExactDenoiser, GaussianPositions, Models, assert_moments, scaled
from torch import Tensor

from molgen.core import Denoiser
from molgen.noise import JointNoise, PolynomialSchedule, PositionNoise
from molgen.sampling import AncestralSampler, Generator, ReverseSampler

CONFIGS = sorted((Path(__file__).parents[2] / "configs" / "sampling").glob("*.yaml"))
Build = Callable[[Path, object], Callable[..., Any]]


def sampler_with_steps(build: Build, path: Path, steps: int, folder: Path) -> ReverseSampler:
    """The sampler of a YAML, its number of steps changed."""
    config = yaml.safe_load(path.read_text())
    config["init_args"]["sampler"]["init_args"]["steps"] = steps
    variant = folder / path.name
    variant.write_text(yaml.safe_dump(config))
    factory = build(variant, Callable[[Denoiser, JointNoise], Generator])
    sampler: ReverseSampler = factory(None, None).sampler
    return sampler


def draw(sampler: ReverseSampler, denoiser: Denoiser, noise: JointNoise, count: int) -> dict[int, Tensor]:
    """Sample ``count`` molecules of each size in one padded batch: size to ``(count, size, 3)``."""
    template = noise.template(torch.tensor(SIZES).repeat_interleave(count), dtype=torch.float64)
    drawn = sampler(denoiser, noise, template, torch.Generator().manual_seed(5)).molecules.pos
    return {atoms: drawn[i * count : (i + 1) * count, :atoms] for i, atoms in enumerate(SIZES)}


class Effort(NamedTuple):
    """Steps, molecules of each size, and the bias of whitened variances that so few steps may have."""

    steps: int
    count: int
    bias: float


@pytest.mark.parametrize(
    "effort", [Effort(1000, 3000, 0.0), Effort(100, 10_000, 0.065)], ids=lambda e: f"{e.steps}"
)
@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_samplers_recover_the_gaussian(
    build: Build,
    positions_only: JointNoise,
    models: Models,
    tmp_path: Path,
    path: Path,
    effort: Effort,
) -> None:
    """Mean and covariance agree within 5 standard errors, plus a stated bias of variances for few steps."""
    sampler = sampler_with_steps(build, path, effort.steps, tmp_path)
    drawn = draw(sampler, ExactDenoiser(models, positions_only), positions_only, effort.count)
    for atoms, model in models.items():
        assert_moments(drawn[atoms], model, MULTIPLE, effort.bias)


def isotropic(model: GaussianPositions) -> GaussianPositions:
    """The right total variance, but no correlation between atoms or axes."""
    return GaussianPositions(model.mean, model.axes, model.variances.mean().expand_as(model.variances))


def shifted(model: GaussianPositions) -> GaussianPositions:
    """A mean 30 % too large."""
    return GaussianPositions(1.3 * model.mean, model.axes, model.variances)


@pytest.mark.parametrize(
    ("spoil", "what"), [(scaled, "covariance"), (isotropic, "covariance"), (shifted, "mean")]
)
def test_a_wrong_denoiser_is_caught(
    positions_only: JointNoise,
    models: Models,
    spoil: Callable[[GaussianPositions], GaussianPositions],
    what: str,
) -> None:
    """The assertion above fails, even with the bias it allows at 100 steps, for a denoiser that is wrong."""
    wrong = ExactDenoiser({atoms: spoil(model) for atoms, model in models.items()}, positions_only)
    drawn = draw(AncestralSampler(100), wrong, positions_only, 3000)
    for atoms, model in models.items():
        with pytest.raises(AssertionError, match=f"^{what}: off by"):
            assert_moments(drawn[atoms], model, MULTIPLE, 0.065)


class TimidNoise(PositionNoise):
    """Draws 10 % too little noise, at the start and in every step."""

    def prior(self, like: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        return 0.9 * super().prior(like, mask, generator)


class OffCentreNoise(PositionNoise):
    """Forgets to project its noise."""

    def project(self, noise: Tensor, mask: Tensor) -> Tensor:
        return noise * mask.unsqueeze(-1)


@pytest.mark.parametrize(("broken", "what"), [(TimidNoise, "covariance"), (OffCentreNoise, "centre of mass")])
def test_a_wrong_step_is_caught(
    noise: JointNoise, models: Models, broken: type[PositionNoise], what: str
) -> None:
    """So is a right denoiser walked wrongly."""
    joint = JointNoise(noise.vocab, {"pos": broken(PolynomialSchedule())})
    drawn = draw(AncestralSampler(100), ExactDenoiser(models, joint), joint, 3000)
    for atoms, model in models.items():
        with pytest.raises(AssertionError, match=f"^{what}: off by"):
            assert_moments(drawn[atoms], model, MULTIPLE, 0.065)
