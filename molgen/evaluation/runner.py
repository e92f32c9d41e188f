"""Run a protocol over molecules: bonds, checks, measures, table, metrics."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import joblib
import numpy as np

from molgen.chem.molecule import Molecule
from molgen.core.contracts import Progress
from molgen.core.errors import InputError
from molgen.evaluation.checks import CellValue
from molgen.evaluation.drawing import Reservoir
from molgen.evaluation.execution import Direct, Execution
from molgen.evaluation.job import Job, Verdict
from molgen.evaluation.measurements import Measurements
from molgen.evaluation.metrics import METRICS
from molgen.evaluation.protocols import Protocol, load_protocol
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.reference_sources import load_reference
from molgen.evaluation.report import Report
from molgen.evaluation.table import Table

CHUNK = 1000
"""Molecules judged between two progress reports, and sent to a process at a time."""

SLOW_CHUNK = 5
"""The same for slow checks, which take a second or so each."""

PARALLEL_FROM = 30_000
"""Number of molecules from which several processes are faster, their start included."""

_NOTHING = Molecule(np.zeros(0, dtype=np.int64), np.zeros((0, 3)), defect="no molecule")


def evaluate(
    molecules: Iterable[Molecule],
    protocol: Protocol | str | Path = "edm",
    reference: ReferenceSet | str | Path | None = None,
    execution: Execution | None = None,
    progress: Progress | None = None,
    generator: np.random.Generator | None = None,
) -> Report:
    """Judge molecules under a protocol; each one given counts in the denominators.

    Args:
        molecules: All molecules that were requested, failed ones included; read once, a few thousand held at
            a time.
        protocol: A protocol, its name, or a YAML file.
        reference: Known molecules for novelty and distances: a set, a shipped name such as ``qm9``, or a
            file; without it such metrics have no value.
        execution: Where the judging runs; by default here, or on all cores for very many molecules.
        progress: Told of every finished chunk.
        generator: Draws the molecules that slow checks are asked about; by default seeded with 0.

    Raises:
        InputError: There is no molecule, or the reference cannot be read.
        ConfigError: The protocol is unknown or wrong.
    """
    start = time.perf_counter()
    if not isinstance(protocol, Protocol):
        protocol = load_protocol(protocol)
    if isinstance(reference, str | Path):
        reference = load_reference(reference, protocol.bonds)
    if execution is None:
        many = isinstance(molecules, Sequence) and len(molecules) >= PARALLEL_FROM
        execution = Direct(joblib.cpu_count() if many else 1)
    generator = np.random.default_rng(0) if generator is None else generator
    reservoir = Reservoir(max(protocol.limits.values(), default=0), generator)
    verdicts = _run(Job.of_all(protocol), reservoir.watch(molecules), execution, progress)
    if not verdicts:
        raise InputError("there is no molecule to evaluate; give at least one")
    rows = [dict(verdict.row) for verdict in verdicts]
    for check, limit in protocol.limits.items():
        drawn = reservoir.drawn(limit)
        job = Job.of_drawn(protocol, check)
        found = _run(job, drawn.values(), execution, progress, SLOW_CHUNK)
        # The columns are those of a molecule of nothing, which costs nothing, so that none drawn is no error.
        _join(rows, check, dict(zip(drawn, found, strict=True)), *job([_NOTHING]))
    table = Table.from_rows(rows, _measurements(protocol, verdicts))
    figures = {name: METRICS[name](table, reference) for name in protocol.metrics}
    name = None if reference is None else reference.name
    return Report(protocol, table, figures, name, seconds=time.perf_counter() - start)


def _run(
    job: Job,
    molecules: Iterable[Molecule],
    execution: Execution,
    progress: Progress | None,
    chunk: int = CHUNK,
) -> list[Verdict]:
    verdicts: list[Verdict] = []
    for judged in execution(job, _chunks(molecules, chunk)):
        verdicts += judged
        if progress is not None:
            progress(len(judged))
    return verdicts


def _chunks(molecules: Iterable[Molecule], size: int) -> Iterator[list[Molecule]]:
    source = iter(molecules)
    while chunk := list(islice(source, size)):
        yield chunk


def _join(
    rows: list[dict[str, CellValue]], check: str, found: Mapping[int, Verdict], nothing: Verdict
) -> None:
    """Add a slow check's columns, empty where a molecule was not drawn, and ``<check>_drawn``."""
    columns = set(nothing.row) - {"bonds"}
    for index, row in enumerate(rows):
        answer = found[index].row if index in found else {}
        row |= {name: answer.get(name) for name in sorted(columns)}
        row[f"{check}_drawn"] = index in found


def _measurements(protocol: Protocol, verdicts: Sequence[Verdict]) -> dict[str, Measurements]:
    return {name: Measurements.collect([v.measured[name] for v in verdicts]) for name in protocol.measures}
