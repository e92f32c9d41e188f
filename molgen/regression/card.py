"""The card of a shipped property network: what it is, how it errs, and the recipe that rebuilds it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentError, ArgumentParser

from molgen.core.class_paths import foreign_class_paths
from molgen.core.errors import CheckpointError
from molgen.core.files import atomic_path
from molgen.core.vocab import Vocab
from molgen.regression.network import PropertyNetwork

CARD_FILE = "judge.json"
FORMAT_VERSION = 1
PARTS = ("vocab", "network")


@dataclass(frozen=True)
class PropertyCard:
    """Contents of ``judge.json``, a name that no generator's card has: neither is taken for the other.

    Attributes:
        name: Short name.
        description: What it is, in a sentence or two.
        model: ``vocab`` and ``network`` as ``class_path`` and ``init_args``.
        units: Property name to its unit.
        errors: Property name to the mean absolute error on ``error_molecules``, in its unit.
        error_molecules: Which held-out molecules the errors are of, and how many, in words.
        training: Data, split, configuration, hardware, wall time.
        files: Weight file to its SHA-256.
        licence: Licence of the weights.
        format_version: Version of this layout.
    """

    name: str
    description: str
    model: Mapping[str, Any]
    units: Mapping[str, str]
    errors: Mapping[str, float]
    error_molecules: str
    training: Mapping[str, Any]
    files: Mapping[str, str]
    licence: str = "MIT"
    format_version: int = FORMAT_VERSION

    def write(self, folder: Path) -> None:
        """Write ``judge.json`` into a folder, whole or not at all.

        Raises:
            InputError: The folder cannot be written.
        """
        with atomic_path(folder / CARD_FILE) as partial:
            partial.write_text(json.dumps(asdict(self), indent=2, allow_nan=False) + "\n")

    @classmethod
    def read(cls, folder: Path) -> PropertyCard:
        """Read ``judge.json`` from a folder.

        Raises:
            CheckpointError: It is missing, not JSON, of another version, or has other keys.
        """
        path = folder / CARD_FILE
        try:
            content = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise CheckpointError(
                f"cannot read the card of a property network, {path}: {error}; give a folder that molgen "
                "judge export wrote"
            ) from error
        known = {f.name for f in fields(cls)}
        if (
            not isinstance(content, dict)
            or set(content) != known
            or content["format_version"] != FORMAT_VERSION
        ):
            raise CheckpointError(
                f"{path} is not the card of a property network of this molgen; give a folder that molgen "
                "judge export wrote"
            )
        return cls(**content)


def build_network(config: Mapping[str, Any]) -> PropertyNetwork:
    """Build a network with fresh weights.

    Args:
        config: ``vocab`` and ``network``, each ``class_path`` and ``init_args``.

    Raises:
        CheckpointError: A part is missing, is not a molgen class, or does not fit its signature.
    """
    if not set(PARTS) <= set(config):
        raise CheckpointError(f"a property network's configuration needs {list(PARTS)}, got {list(config)}")
    foreign = foreign_class_paths(config)
    if foreign:
        raise CheckpointError(f"the card names classes outside molgen, which are not loaded: {foreign}")
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--vocab", type=Vocab)
    parser.add_argument("--network", type=Callable[[Vocab], PropertyNetwork])
    try:
        parts = parser.instantiate(parser.parse_object({part: config[part] for part in PARTS}))
    except ArgumentError as error:
        raise CheckpointError(f"the card's configuration does not fit this molgen: {error}") from error
    network = parts.network(parts.vocab)
    assert isinstance(network, PropertyNetwork)
    return network
