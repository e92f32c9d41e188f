"""The conditional transformer is the plain one until it has learnt to listen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from molgen.checkpoint.build import build_model
from molgen.core import Denoiser, MolBatch, NoiseLevels
from molgen.core.errors import ConfigError

CONFIGS = Path(__file__).parents[3] / "configs"


def built(name: str) -> tuple[Any, Denoiser]:
    vocab = {"class_path": "molgen.core.Vocab", "init_args": {"elements": ["H", "C", "N", "O", "F"]}}
    files = {"noise": "noise/joint.yaml", "denoiser": f"denoisers/{name}.yaml"}
    parts = {part: yaml.safe_load((CONFIGS / path).read_text()) for part, path in files.items()}
    parts["vocab"] = vocab
    with torch.random.fork_rng():
        torch.manual_seed(0)
        _, noise, denoiser = build_model(parts)
    return noise, denoiser.eval()


@pytest.fixture(scope="module")
def pair() -> tuple[Any, Denoiser, Denoiser]:
    """Noise, a plain transformer, and a conditional one with the same weights."""
    noise, plain = built("joint_small")
    conditional = built("joint_small_properties")[1]
    missing = conditional.load_state_dict(plain.state_dict(), strict=False)
    assert not missing.unexpected_keys
    assert all("embed_properties" in key for key in missing.missing_keys)
    return noise, plain, conditional


def inputs(noise: Any) -> tuple[MolBatch, NoiseLevels]:
    x_t = noise.prior(noise.template(torch.tensor([4, 6])), torch.Generator().manual_seed(1))
    return x_t, NoiseLevels.uniform(torch.tensor([0.3, 0.7]), x_t)


@torch.no_grad()
def test_conditions_are_silent_before_training(pair: tuple[Any, Denoiser, Denoiser]) -> None:
    noise, plain, conditional = pair
    x_t, levels = inputs(noise)
    expected = plain(x_t, levels)
    for cond in (None, {}, {"gap": torch.tensor([0.2, 0.3])}):
        answer = conditional(x_t, levels, cond)
        assert all(torch.equal(answer[name], value) for name, value in expected.items())


def test_a_condition_changes_its_own_molecule_alone(pair: tuple[Any, Denoiser, Denoiser]) -> None:
    noise = pair[0]
    x_t, levels = inputs(noise)
    moved = built("joint_small_properties")[1]
    with torch.no_grad():
        generator = torch.Generator().manual_seed(2)
        for parameter in moved.parameters():  # a new network listens to nothing: its layers are the identity
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
        first = moved(x_t, levels, {"gap": torch.tensor([0.2, 0.3])})
        second = moved(x_t, levels, {"gap": torch.tensor([0.2, 0.4])})
    assert torch.equal(first.pos[0], second.pos[0])
    assert (first.pos[1] - second.pos[1]).abs().max() > 1e-5


def test_conditions_unknown_to_the_network_are_refused(pair: tuple[Any, Denoiser, Denoiser]) -> None:
    noise, plain, conditional = pair
    x_t, levels = inputs(noise)
    with pytest.raises(ConfigError, match=r"\['colour'\]; it knows"):
        conditional(x_t, levels, {"colour": torch.zeros(2)})
    with pytest.raises(ConfigError, match="built without conditions"):
        plain(x_t, levels, {"gap": torch.zeros(2)})
