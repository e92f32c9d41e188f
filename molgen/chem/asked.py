"""What a molecule was asked to be, in the data fields of its record: a file can be judged by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping

from molgen.chem.molecule import FieldValue, Molecule
from molgen.core.errors import InputError

ASKED = "asked_"
"""Data fields that begin so hold the value that was asked of the property named after it, in its unit."""


def asked_fields(values: Mapping[str, float]) -> dict[str, FieldValue]:
    """Return the data fields that say what was asked, to six digits.

    Args:
        values: Property name to the value that was asked.
    """
    return {ASKED + name: float(f"{value:.6g}") for name, value in values.items()}


def asked_of(molecule: Molecule, row: int) -> dict[str, float]:
    """Return what a molecule was asked to have, by property name.

    Args:
        molecule: Its record is looked at.
        row: Its place in the file, from 1, for the message.

    Raises:
        InputError: A value is not a finite number.
    """
    asked = {}
    for key, value in molecule.record.items():
        if key.startswith(ASKED) and key != ASKED:
            asked[key.removeprefix(ASKED)] = _number(value, f"record {row}: the data field {key}")
    return asked


def _number(value: FieldValue, where: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{where} holds {value!r}; give a number")
    return number
