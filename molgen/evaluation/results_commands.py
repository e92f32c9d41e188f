"""The commands that made a result, put together again from what its records keep."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

SHORT = {"count": "-n", "output": "-o"}
"""Options that are written by their short name."""

LIMITS = {"xtb_relaxation": "--xtb", "energy_ratio": "--energy-ratio"}
"""Slow check to the option that says of how many molecules it is asked."""

ISOLATION = {"timeout_s": "--timeout", "memory_gb": "--memory"}
"""What one molecule may take to the option that says so."""


def recorded_command(name: str, options: Mapping[str, Any]) -> str:
    """Return the command that a record keeps the options of; those that were not given are left out.

    Args:
        name: ``sample`` or ``requests``.
        options: ``options`` of the record.
    """
    words = ["molgen", name]
    for key, value in options.items():
        if value is None:
            continue
        option = SHORT.get(key, "--" + key.replace("_", "-"))
        for one in value if isinstance(value, list) else [value]:
            words += [option, str(one)]
    return shlex.join(words)


def evaluate_command(files: Sequence[str], options: Mapping[str, Any], json: str) -> str:
    """Return the ``molgen evaluate`` that wrote figures.

    Args:
        files: As the figures name them.
        options: ``options`` of the figures.
        json: Where they were written.
    """
    words = ["molgen", "evaluate", *files, "--protocol", str(options["protocol"])]
    if options["reference"] is not None:
        words += ["--reference", str(options["reference"])]
    for check, count in options["limits"].items():
        words += [LIMITS[check], str(count)]
    given = {name: value for name, value in (options["isolation"] or {}).items() if value is not None}
    for name, value in given.items():
        words += [ISOLATION[name], f"{value:g}"]
    return shlex.join([*words, "--seed", str(options["seed"]), "--json", json])
