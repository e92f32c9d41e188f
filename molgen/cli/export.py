"""``molgen export``: make a shippable checkpoint of a training run."""

from __future__ import annotations

from pathlib import Path

import yaml
from jsonargparse import ArgumentParser, Namespace
from rich.console import Console

from molgen.checkpoint.export import CardTexts, export_checkpoint
from molgen.core.errors import InputError

_KEYS = frozenset(CardTexts.__dataclass_fields__)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("source", type=Path, help="a .ckpt of molgen fit")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--card", type=Path, required=True, help=f"YAML with what only you know: {', '.join(sorted(_KEYS))}"
    )


def run(options: Namespace) -> None:
    """Export and say what was written.

    Raises:
        InputError: The card's texts are incomplete, or the folder cannot be written.
        CheckpointError: The source cannot be read.
    """
    try:
        texts = yaml.safe_load(options.card.read_text())
    except yaml.YAMLError as error:
        raise InputError(f"{options.card} is not YAML: {error}") from error
    if not isinstance(texts, dict) or set(texts) != _KEYS:
        raise InputError(f"{options.card} must have exactly the keys {sorted(_KEYS)}")
    card = export_checkpoint(options.source, options.output, CardTexts(**texts))
    Console().print(
        f"{options.output}: {', '.join(card.files)} and the card", highlight=False, soft_wrap=True
    )
