"""Where the judging runs: in this process, or spread over cores or a cluster by joblib."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence

import joblib

from molgen.chem.molecule import Molecule
from molgen.evaluation.job import Job, Verdict


class Execution(ABC):
    """Runs a job over chunks of molecules."""

    @abstractmethod
    def __call__(self, job: Job, chunks: Iterable[Sequence[Molecule]]) -> Iterator[list[Verdict]]:
        """Yield the verdicts of each chunk, in order; no more than a few chunks are held at a time."""


Judge = Callable[[Sequence[Molecule]], list[Verdict]]
"""A job, or any picklable object that can be called like one."""


def judge(job: Judge, molecules: Sequence[Molecule]) -> list[Verdict]:
    """Call a job, which joblib's dask backend cannot do by itself: it hashes what it calls."""
    return job(molecules)


class Direct(Execution):
    """Trusts the molecules: one that crashes or hangs a library takes the run with it.

    Args:
        workers: Processes; an enclosing ``joblib.parallel_config`` chooses what runs them.
    """

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers

    def __call__(self, job: Job, chunks: Iterable[Sequence[Molecule]]) -> Iterator[list[Verdict]]:
        """See base."""
        parallel = joblib.Parallel(n_jobs=self.workers, return_as="generator")
        verdicts: Iterator[list[Verdict]] = parallel(joblib.delayed(judge)(job, chunk) for chunk in chunks)
        return verdicts
