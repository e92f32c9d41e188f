"""Given the exact denoiser of a known Gaussian, every sampler returns that Gaussian on every schedule.

Every sampler of the command line walks every schedule, and every YAML in ``configs/sampling`` is walked
as it stands but for its number of steps. What cannot be exact is the discretisation of the chain; for
this linear model it has a closed form. At 100 steps variances are up to 5.8 % (ancestral) and 3.3 %
(DDIM) too small; ``test_convergence.py`` shows that this vanishes with the steps.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from exact_gaussian import MULTIPLE, SIZES, ExactDenoiser, GaussianPositions, Models, assert_moments, scaled
from torch import Tensor

from molgen.core import Denoiser, NoiseSchedule
from molgen.noise import CosineSchedule, JointNoise, LinearSchedule, PolynomialSchedule, PositionNoise
from molgen.sampling import SAMPLERS, AncestralSampler, Generator, ReverseSampler

CONFIGS = sorted((Path(__file__).parents[2] / "configs" / "sampling").glob("*.yaml"))
Build = Callable[[Path, object], Callable[..., Any]]


def sampler_with_steps(
    build: Build, path: Path, steps: int, folder: Path, noise: JointNoise
) -> ReverseSampler:
    """The sampler of a YAML, its number of steps changed."""
    config = yaml.safe_load(path.read_text())
    config["init_args"]["sampler"]["init_args"]["steps"] = steps
    variant = folder / path.name
    variant.write_text(yaml.safe_dump(config))
    factory = build(variant, Callable[[Denoiser, JointNoise], Generator])
    sampler: ReverseSampler = factory(None, noise).sampler
    return sampler


def draw(sampler: ReverseSampler, denoiser: Denoiser, noise: JointNoise, count: int) -> dict[int, Tensor]:
    """Sample ``count`` molecules of each size in one padded batch: size to ``(count, size, 3)``."""
    template = noise.template(torch.tensor(SIZES).repeat_interleave(count), dtype=torch.float64)
    drawn = sampler(denoiser, noise, template, torch.Generator().manual_seed(5)).molecules.pos
    return {atoms: drawn[i * count : (i + 1) * count, :atoms] for i, atoms in enumerate(SIZES)}


BIAS = 0.065
"""Allowed bias of whitened variances at the steps below."""
STEPS = {"ancestral": 100, "ddim": 100, "euler": 100, "heun": 25, "dpm": 50}
NAMES = {kind: name for name, kind in SAMPLERS.items()}.values()
"""One name for every sampler."""
SCHEDULES = {"polynomial": PolynomialSchedule(), "cosine": CosineSchedule(), "linear": LinearSchedule()}


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("name", NAMES)
def test_samplers_recover_the_gaussian(
    noise: JointNoise, models: Models, name: str, schedule: NoiseSchedule
) -> None:
    """Mean and covariance agree within 5 standard errors, plus the stated bias of variances."""
    joint = JointNoise(noise.vocab, {"pos": PositionNoise(schedule, unit=1.4)})
    drawn = draw(SAMPLERS[name](STEPS[name]), ExactDenoiser(models, joint), joint, 2000)
    for atoms, model in models.items():
        assert_moments(drawn[atoms], model, MULTIPLE, BIAS)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_samplers_recover_the_gaussian(
    build: Build, noise: JointNoise, models: Models, tmp_path: Path, path: Path
) -> None:
    """On their own grids, on straight paths."""
    joint = JointNoise(noise.vocab, {"pos": PositionNoise(LinearSchedule(), unit=1.4)})
    sampler = sampler_with_steps(build, path, STEPS[path.stem], tmp_path, joint)
    drawn = draw(sampler, ExactDenoiser(models, joint), joint, 2000)
    for atoms, model in models.items():
        assert_moments(drawn[atoms], model, MULTIPLE, BIAS)


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
            assert_moments(drawn[atoms], model, MULTIPLE, BIAS)


class TimidNoise(PositionNoise):
    """Draws 10 % too little noise, at the start and in every step."""

    def project(self, noise: Tensor, mask: Tensor) -> Tensor:
        return 0.9 * super().project(noise, mask)


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
            assert_moments(drawn[atoms], model, MULTIPLE, BIAS)
