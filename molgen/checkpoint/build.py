"""Rebuild a model from its configuration: class paths and arguments to objects, checked first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jsonargparse import ArgumentError, ArgumentParser

from molgen.core.class_paths import foreign_class_paths
from molgen.core.contracts import Denoiser
from molgen.core.errors import CheckpointError, InputError
from molgen.core.vocab import Vocab
from molgen.noise.joint import JointNoise
from molgen.sampling import SAMPLERS, ReverseSampler

MODEL_PARTS = ("vocab", "noise", "denoiser")


def build_model(config: Mapping[str, Any]) -> tuple[Vocab, JointNoise, Denoiser]:
    """Build vocabulary, noise and denoiser (with fresh weights).

    Args:
        config: ``vocab``, ``noise`` and ``denoiser``, each ``class_path`` and ``init_args``.

    Raises:
        CheckpointError: A part is missing, is not a molgen class, or does not fit its signature.
    """
    missing = [part for part in MODEL_PARTS if part not in config]
    if missing:
        raise CheckpointError(f"the checkpoint's configuration lacks {missing}; it needs {list(MODEL_PARTS)}")
    foreign = foreign_class_paths(config)
    if foreign:
        raise CheckpointError(f"the checkpoint names classes outside molgen, which are not loaded: {foreign}")
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--vocab", type=Vocab)
    parser.add_argument("--noise", type=Callable[[Vocab], JointNoise])
    parser.add_argument("--denoiser", type=Callable[[JointNoise], Denoiser])
    try:
        parts = parser.instantiate(parser.parse_object({part: config[part] for part in MODEL_PARTS}))
    except ArgumentError as error:
        raise CheckpointError(f"the checkpoint's configuration does not fit this molgen: {error}") from error
    noise = parts.noise(parts.vocab)
    return parts.vocab, noise, parts.denoiser(noise)


def build_sampler(
    config: Mapping[str, Any], name: str | None = None, steps: int | None = None
) -> ReverseSampler:
    """Build a sampler.

    Args:
        config: The checkpoint's own choice, ``class_path`` and ``init_args``.
        name: Another sampler by its name in :data:`molgen.sampling.SAMPLERS`, with the same arguments.
        steps: Another number of steps.

    Raises:
        InputError: The name is unknown, or the number of steps is less than 1.
        CheckpointError: The configuration is not that of a sampler.
    """
    if name is not None and name not in SAMPLERS:
        raise InputError(f"unknown sampler {name!r}; choose one of {sorted(SAMPLERS)}")
    arguments = dict(config.get("init_args", {}))
    if steps is not None:
        arguments["steps"] = steps
    path = config.get("class_path", "") if name is None else f"molgen.sampling.{SAMPLERS[name].__name__}"
    if foreign_class_paths({"class_path": path, "init_args": arguments}):
        raise CheckpointError(f"the checkpoint's sampler {path!r} is not one of molgen's")
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--sampler", type=ReverseSampler)
    try:
        parsed = parser.parse_object({"sampler": {"class_path": path, "init_args": arguments}})
    except ArgumentError as error:
        raise CheckpointError(f"the checkpoint's sampler does not fit this molgen: {error}") from error
    sampler = parser.instantiate(parsed).sampler
    assert isinstance(sampler, ReverseSampler)
    return sampler
