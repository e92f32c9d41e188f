"""PoseBusters for one molecule at a time, quietly.

The library (Buttenschoen, Morris and Deane, Chem. Sci. 2024) judges tables of files; its tests are plain
functions of one RDKit molecule, which is what a check needs. It redirects RDKit's log when it is imported,
switches RDKit's log levels on when it is called, and says why a test had no answer only in its own log: here
the log is listened to, and everything is put back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import rdkit
from rdkit import Chem, rdBase

from molgen.evaluation.optional_library import optional_library

CONFIGURATION = "mol"
"""PoseBusters' own set of tests and thresholds for molecules without a protein."""

PREFIX = "pb_"

PROBLEMS = (RuntimeError, ValueError, AssertionError, IndexError)
"""What a test may raise on one molecule.

RDKit breaks off with ``RuntimeError`` and objects to a molecule with a ``ValueError``; numpy and pandas
answer empty or non-finite tables with ``ValueError`` or ``IndexError``; PoseBusters asserts what it expects.
"""

Function = Callable[..., Mapping[str, Any]]


@dataclass(frozen=True)
class Module:
    """One of PoseBusters' functions with its parameters.

    Attributes:
        name: Key of the function in PoseBusters' configuration.
        function: Maps a molecule to ``{"results": output to value}``.
        columns: Which outputs are verdicts, and what their columns are called.
    """

    name: str
    function: Function
    columns: Mapping[str, str]


@cache
def posebusters_modules() -> tuple[Module, ...]:
    """Return the modules of configuration :data:`CONFIGURATION` that give a verdict, in its order.

    Raises:
        ConfigError: PoseBusters is not installed.
    """
    with optional_library("a check of physical plausibility", "eval"), _heard():
        from posebusters import PoseBusters
        from posebusters.posebusters import module_dict

        modules = PoseBusters(CONFIGURATION).config["modules"]
        return tuple(
            Module(
                block["function"],
                partial(module_dict[block["function"]], **block.get("parameters", {})),
                _columns(block["chosen_binary_test_output"], block.get("rename_outputs", {})),
            )
            for block in modules
            if "chosen_binary_test_output" in block
        )


def _columns(outputs: Sequence[str], shown: Mapping[str, str]) -> dict[str, str]:
    names = {output: shown.get(output, output).lower() for output in outputs}
    return {output: PREFIX + name.replace(" ", "_").replace("-", "_") for output, name in names.items()}


def ask(function: Function, mol: Chem.Mol) -> tuple[dict[str, bool | float | None], str | None]:
    """Ask one test about one molecule.

    Args:
        function: One of the modules' functions, perhaps with further parameters.
        mol: Sanitised molecule with a conformer, angstrom; it is not changed.

    Returns:
        Output name to verdict or number, ``None`` where there is none; and why there is none, where the
        library says so.
    """
    with _heard() as messages:
        try:
            results = function(Chem.Mol(mol))["results"]
        except PROBLEMS as error:
            return {}, f"PoseBusters breaks off with {type(error).__name__}: {error}"
    return {name: _plain(value) for name, value in results.items()}, messages[-1] if messages else None


def _plain(value: Any) -> bool | float | None:  # noqa: ANN401 - whatever the library answers
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | float | np.number) and np.isfinite(value):
        return float(value)
    return None


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what is said."""
        self.messages.append(record.getMessage())


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Keep PoseBusters' and RDKit's logs from the terminal, and collect what PoseBusters says."""
    listener = _Listener()
    posebusters, chemistry = logging.getLogger("posebusters"), logging.getLogger("rdkit")
    before = posebusters.handlers[:], posebusters.propagate, chemistry.handlers[:]
    stream, levels = rdkit.log_handler.stream, rdBase.LogStatus()
    posebusters.handlers, posebusters.propagate = [listener], False
    # Without any handler Python would print warnings itself.
    chemistry.handlers = [logging.NullHandler()]
    try:
        yield listener.messages
    finally:
        posebusters.handlers, posebusters.propagate, chemistry.handlers = before
        rdkit.log_handler.setStream(stream)
        for line in levels.splitlines():
            name, status = line.split(":")
            (rdBase.EnableLog if status == "enabled" else rdBase.DisableLog)(name)
