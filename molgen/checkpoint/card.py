"""The model card: what a checkpoint is, where it came from and what it scores, as JSON.

The card is also the recipe that rebuilds the model: class paths and arguments, checked against
signatures before anything runs. Only molgen's own classes are accepted from a file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from molgen.core.errors import CheckpointError
from molgen.core.files import atomic_path

CARD_FILE = "card.json"
STATISTICS_FILE = "statistics.json"
FORMAT_VERSION = 2


@dataclass(frozen=True)
class ModelCard:
    """Contents of ``card.json``.

    Attributes:
        name: Short name, as given to ``--checkpoint``.
        description: What the model is, in a sentence or two.
        model: ``vocab``, ``noise`` and ``denoiser`` as ``class_path`` and ``init_args``.
        sampling: Default sampler as ``class_path`` and ``init_args``.
        statistics: SHA-256 of the file of training statistics; empty for a training checkpoint.
        reference: Name of the reference set that novelty is judged against.
        training: Data, split, configuration, hardware, wall time, examples seen.
        metrics: Rows of what was measured, each with the command that printed it.
        files: Weight file to its SHA-256.
        licence: Licence of the weights.
        format_version: Version of this layout.
    """

    name: str
    description: str
    model: Mapping[str, Any]
    sampling: Mapping[str, Any]
    statistics: str
    reference: str
    training: Mapping[str, Any]
    metrics: list[Mapping[str, Any]]
    files: Mapping[str, str]
    licence: str = "MIT"
    format_version: int = FORMAT_VERSION

    def write(self, folder: Path) -> None:
        """Write ``card.json`` into a folder, whole or not at all.

        Raises:
            InputError: The folder cannot be written.
        """
        with atomic_path(folder / CARD_FILE) as partial:
            partial.write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, folder: Path) -> ModelCard:
        """Read ``card.json`` from a folder.

        Raises:
            CheckpointError: It is missing, not JSON, of another version, or has other keys.
        """
        path = folder / CARD_FILE
        try:
            content = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise CheckpointError(f"cannot read the model card {path}: {error}") from error
        version = content.get("format_version") if isinstance(content, dict) else None
        if isinstance(version, int) and version != FORMAT_VERSION:
            raise CheckpointError(f"{path} has format version {version}; this molgen reads {FORMAT_VERSION}")
        known = {f.name for f in fields(cls)}
        if not isinstance(content, dict) or set(content) != known:
            raise CheckpointError(
                f"{path} is not a model card of this molgen; its keys must be {sorted(known)}"
            )
        return cls(**content)
