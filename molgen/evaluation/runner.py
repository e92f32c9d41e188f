"""Run a protocol over molecules: bonds, checks, table, metrics."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import joblib

from molgen.chem.molecule import Molecule
from molgen.core.contracts import Progress
from molgen.core.errors import InputError
from molgen.evaluation.checks import CHECKS, CellValue
from molgen.evaluation.metrics import METRICS
from molgen.evaluation.protocols import BOND_RULES, Protocol, load_protocol
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.reference_sources import load_reference
from molgen.evaluation.report import Report
from molgen.evaluation.table import Table

CHUNK = 1000
"""Molecules judged between two progress reports, and sent to a process at a time."""

PARALLEL_FROM = 30_000
"""Number of molecules from which several processes are faster, their start included."""


def evaluate(
    molecules: Sequence[Molecule],
    protocol: Protocol | str | Path = "edm",
    reference: ReferenceSet | str | Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Judge molecules under a protocol; each one given counts in the denominators.

    Args:
        molecules: All molecules that were requested, failed ones included.
        protocol: A protocol, its name, or a YAML file.
        reference: Known molecules for novelty: a set, a shipped name such as ``qm9``, or a file; without it
            novelty has no value.
        workers: Processes; by default one, or all cores for very many molecules. An enclosing
            ``joblib.parallel_config`` chooses what runs them.
        progress: Told of every finished chunk.

    Raises:
        InputError: There is no molecule, or the reference cannot be read.
        ConfigError: The protocol is unknown or wrong.
    """
    start = time.perf_counter()
    if not len(molecules):
        raise InputError("there is no molecule to evaluate; give at least one")
    if not isinstance(protocol, Protocol):
        protocol = load_protocol(protocol)
    if isinstance(reference, str | Path):
        reference = load_reference(reference, protocol.bonds)
    if workers is None:
        workers = joblib.cpu_count() if len(molecules) >= PARALLEL_FROM else 1
    table = Table.from_rows(_judge_all(molecules, protocol, workers, progress))
    shares = {name: METRICS[name](table, reference) for name in protocol.metrics}
    name = None if reference is None else reference.name
    return Report(protocol, table, shares, name, seconds=time.perf_counter() - start)


def _judge_all(
    molecules: Sequence[Molecule], protocol: Protocol, workers: int, progress: Progress | None
) -> list[dict[str, CellValue]]:
    chunks = (molecules[start : start + CHUNK] for start in range(0, len(molecules), CHUNK))
    parallel = joblib.Parallel(n_jobs=workers, return_as="generator")
    rows: list[dict[str, CellValue]] = []
    for judged in parallel(joblib.delayed(judge_molecules)(chunk, protocol) for chunk in chunks):
        rows += judged
        if progress is not None:
            progress(len(judged))
    return rows


def judge_molecules(molecules: Sequence[Molecule], protocol: Protocol) -> list[dict[str, CellValue]]:
    """Give molecules the protocol's bonds and answer its checks, one row per molecule, in order.

    Each row says in ``bonds`` which rule gave them: ``own``, ``edm``, or ``None`` where there are none.
    """
    checks = [(CHECKS[name], thresholds) for name, thresholds in protocol.checks.items()]
    rows = []
    for given, molecule in zip(molecules, BOND_RULES[protocol.bonds](molecules), strict=True):
        row: dict[str, CellValue] = {"bonds": _bond_source(given, molecule)}
        for check, thresholds in checks:
            row |= check(molecule, **thresholds)
        rows.append(row)
    return rows


def _bond_source(given: Molecule, judged: Molecule) -> str | None:
    if judged.bonds is None:
        return None
    return "own" if judged is given else "edm"
