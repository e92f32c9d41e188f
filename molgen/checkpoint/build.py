"""Rebuild a model from its configuration: class paths and arguments to objects, checked first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonargparse import ArgumentError, ArgumentParser

from molgen.core.contracts import Denoiser
from molgen.core.errors import CheckpointError
from molgen.core.vocab import Vocab
from molgen.noise.joint import JointNoise

MODEL_PARTS = ("vocab", "noise", "denoiser")
_OWN_PACKAGE = "molgen."


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
    foreign = [path for path in _class_paths(config) if not path.startswith(_OWN_PACKAGE)]
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


def _class_paths(config: object) -> Iterator[str]:
    """Yield every ``class_path`` of a nested configuration."""
    if isinstance(config, Mapping):
        if "class_path" in config:
            yield str(config["class_path"])
        for value in config.values():
            yield from _class_paths(value)
    elif isinstance(config, list):
        for value in config:
            yield from _class_paths(value)
