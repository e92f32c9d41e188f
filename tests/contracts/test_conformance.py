"""Every denoiser in ``configs/denoisers`` keeps the contract; adding a YAML there adds its tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from conformance import CHECKS, Case, applicable_levels, noisy_batch

from molgen.core import Denoiser, Symmetry, Vocab
from molgen.noise import JointNoise

FOLDER = Path(__file__).parents[2] / "configs"
CONFIGS = sorted((FOLDER / "denoisers").glob("*.yaml"))
NOISES = {"molgen.denoisers.EpsilonDenoiser": "edm", "molgen.denoisers.JointDenoiser": "joint"}
"""The noise in ``configs/noise`` that each kind of denoiser works on."""
SIZES = [6, 4, 1, 8, 2]


def perturb(module: torch.nn.Module, generator: torch.Generator) -> None:
    """Move all parameters away from their initial values, some of which are zero or nearly so."""
    with torch.no_grad():
        for parameter in module.parameters():
            scale = 0.3 * parameter.shape[-1] ** -0.5 if parameter.ndim > 1 else 0.1
            parameter.add_(
                torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype), alpha=scale
            )


@pytest.fixture(scope="module", params=CONFIGS, ids=lambda path: path.stem)
def config(request: pytest.FixtureRequest) -> Path:
    """A denoiser's YAML."""
    path: Path = request.param
    return path


@pytest.fixture(scope="module")
def noise(
    config: Path, build: Callable[[Path, object], Callable[..., JointNoise]], vocab: Vocab
) -> JointNoise:
    """The noise that the denoiser works on."""
    name = NOISES[yaml.safe_load(config.read_text())["class_path"]]
    return build(FOLDER / "noise" / f"{name}.yaml", Callable[[Vocab], JointNoise])(vocab)


@pytest.fixture(scope="module")
def denoiser(
    config: Path, build: Callable[[Path, object], Callable[..., Denoiser]], noise: JointNoise
) -> Denoiser:
    """A denoiser built from its YAML in float64, with random parameters."""
    before = torch.get_default_dtype()
    # e3nn stores its Wigner symbols in the default type of the moment when a module is built.
    torch.set_default_dtype(torch.float64)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        built = build(config, Callable[[JointNoise], Denoiser])(noise)
    torch.set_default_dtype(before)
    perturb(built, torch.Generator().manual_seed(1))
    return built


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("check", CHECKS)
def test_conforms(denoiser: Denoiser, noise: JointNoise, check: str, seed: int) -> None:
    """Each check passes on a random batch with the levels that the denoiser declares to take."""
    if check == "reflection" and denoiser.symmetry is not Symmetry.E3:
        pytest.skip("does not declare reflections")
    generator = torch.Generator().manual_seed(seed)
    x_t = noisy_batch(dict(noise.dims), SIZES, generator)
    CHECKS[check](denoiser, Case(x_t, applicable_levels(denoiser, x_t, generator)), generator)


def test_all_denoisers_are_registered() -> None:
    """The glob finds the shipped configurations: an empty list would pass everything."""
    assert {"egnn", "tensor_field", "joint_small"} <= {path.stem for path in CONFIGS}
