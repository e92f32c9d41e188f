"""Property networks that come with the package, by name."""

from __future__ import annotations

import importlib.resources
from functools import cache
from pathlib import Path

from molgen.core.errors import CheckpointError
from molgen.regression.card import CARD_FILE, PropertyCard
from molgen.regression.model import PropertyModel

JUDGE = "judge"
"""Trained on the first half of the training split; only ever judges."""
PREDICTOR = "predictor"
"""Trained on the second half; tells while molecules are drawn whether they are what was asked."""


@cache
def shipped_property_model(name: str) -> PropertyModel:
    """Load a network of this package, once.

    Args:
        name: :data:`JUDGE` or :data:`PREDICTOR`.

    Raises:
        CheckpointError: It did not come with this installation, or it is damaged.
    """
    return PropertyModel.load(_folder(name))


def shipped_property_card(name: str) -> PropertyCard:
    """Read the card of a network of this package; as for :func:`shipped_property_model`."""
    return PropertyCard.read(_folder(name))


def _folder(name: str) -> Path:
    folder = Path(str(importlib.resources.files("molgen"))) / "weights" / name
    if not (folder / CARD_FILE).is_file():
        raise CheckpointError(
            f"the property network {name!r} is missing from this installation; install molgen again"
        )
    return folder
