"""Judging on a dask cluster: the same rows, and a molecule that crashes is one of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import joblib
import numpy as np
import pytest

from molgen.chem import Molecule
from molgen.evaluation import evaluate, load_protocol
from molgen.evaluation.execution import Direct
from molgen.evaluation.isolation import Isolated, Limits
from molgen.evaluation.job import Job, Verdict

distributed = pytest.importorskip("distributed")

WATER = Molecule(np.array([8, 1, 1]), np.array([[0.0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]]))
DOOMED = Molecule(WATER.numbers, WATER.pos, record={"doomed": 1})


@dataclass(frozen=True)
class Crashing:
    """The edm job, but for a molecule that is doomed."""

    job: Job

    def __call__(self, molecules: Sequence[Molecule]) -> list[Verdict]:
        if any(m.defect is None and "doomed" in m.record for m in molecules):
            os.kill(os.getpid(), signal.SIGSEGV)
        return self.job(molecules)


@pytest.fixture(scope="module")
def on_cluster() -> Iterator[None]:
    """Two worker processes, as daemonic as on a real cluster."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        yield


@pytest.mark.usefixtures("on_cluster")
def test_the_same_report_as_here() -> None:
    molecules = [WATER, Molecule(WATER.numbers[:2], WATER.pos[:2]), WATER]
    here = evaluate(molecules, "edm", execution=Direct())
    for execution in (Direct(workers=-1), Isolated(Limits(), workers=-1)):
        there = evaluate(iter(molecules), "edm", execution=execution)
        assert list(there.table.rows()) == list(here.table.rows())


@pytest.mark.usefixtures("on_cluster")
def test_a_crash_is_a_row_and_the_workers_live_on() -> None:
    job = Crashing(Job.of_all(load_protocol("edm")))
    (good,) = job([WATER])
    chunks = [[WATER, DOOMED, WATER], [WATER], [DOOMED], [WATER]]
    workers = worker_pids()
    isolated = Isolated(Limits(), workers=-1)
    found = list(isolated(job, iter(chunks)))  # type: ignore[arg-type]
    assert [len(verdicts) for verdicts in found] == [3, 1, 1, 1]
    failures = [verdict.row["failure"] for verdicts in found for verdict in verdicts]
    crash = "not judged: the process ended by signal 11 (Segmentation fault)"
    assert failures == [None, crash, None, None, crash, None]
    assert found[0][0] == found[0][2] == good
    assert worker_pids() == workers


def worker_pids() -> set[int]:
    """Processes of the workers, which a crash would have replaced."""
    return set(distributed.get_client().run(os.getpid).values())
