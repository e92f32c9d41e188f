"""Judging molecules that may crash or hang a library: each becomes a row with a reason, at its own cost.

Process pools do not fit. A pool of ``multiprocessing``, joblib or loky breaks when a worker crashes and knows
no time-out; pebble knows both, but its workers are ``multiprocessing`` processes, which the daemonic workers
of a dask cluster may not start. A plain subprocess may be started anywhere.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import Pipe
from threading import Lock

import joblib
import numpy as np

from molgen.chem.molecule import Molecule
from molgen.core.errors import ConfigError, MolgenError
from molgen.evaluation.execution import Execution, Judge, judge
from molgen.evaluation.job import Job, Verdict
from molgen.evaluation.judging_process import BYTES_PER_GB
from molgen.evaluation.suitability import NOT_JUDGED

ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


@dataclass(frozen=True)
class Limits:
    """What one molecule may take.

    Attributes:
        timeout_s: Seconds.
        memory_gb: Gigabytes that its process may hold, the libraries' 0.3 included; ``None`` for no limit.

    Raises:
        ConfigError: A limit is not positive, or the system has no such limits.
    """

    timeout_s: float = 60.0
    memory_gb: float | None = 4.0

    def __post_init__(self) -> None:
        """Refuse what could never judge anything."""
        given = [self.timeout_s] if self.memory_gb is None else [self.timeout_s, self.memory_gb]
        if not all(0 < value < float("inf") for value in given):
            raise ConfigError(
                f"isolation was given {self}; give a time-out in seconds and a memory in GB above 0, or None "
                "for no limit of memory"
            )
        if not hasattr(signal, "setitimer"):
            raise ConfigError("isolation needs Linux or macOS, whose timers end a process; use Direct here")


class Isolated(Execution):
    """Judges in processes that are ended and replaced when a molecule crashes, hangs or outgrows them.

    Such a molecule is judged by what is left of it: its atoms without places and bonds, with a defect that
    begins with :data:`~molgen.evaluation.suitability.NOT_JUDGED` and states the reason.

    Args:
        limits: What one molecule may take.
        workers: Molecules judged at the same time; an enclosing ``joblib.parallel_config`` chooses where.
    """

    def __init__(self, limits: Limits, workers: int = 1) -> None:
        self.limits = limits
        self.workers = workers

    def __call__(self, job: Job, chunks: Iterable[Sequence[Molecule]]) -> Iterator[list[Verdict]]:
        """See base.

        Raises:
            ConfigError: The processes cannot start, or the job fails for whatever it is given.
        """
        isolated = IsolatedJob(job, self.limits)
        # Threads suffice here, as the work is done in the processes that they wait for.
        parallel = joblib.Parallel(n_jobs=self.workers, return_as="generator", prefer="threads")
        try:
            yield from parallel(joblib.delayed(judge)(isolated, chunk) for chunk in chunks)
        finally:
            PROCESSES.end_idle()


@dataclass(frozen=True)
class IsolatedJob:
    """A job that asks a process about one molecule at a time.

    Attributes:
        job: What is asked.
        limits: What one molecule may take.
    """

    job: Judge
    limits: Limits

    def __call__(self, molecules: Sequence[Molecule]) -> list[Verdict]:
        """Judge molecules, in order.

        Raises:
            ConfigError: The processes cannot start, or the job fails for whatever it is given.
        """
        with PROCESSES.lent(self.limits) as process:
            return [self._verdict(process, molecule) for molecule in molecules]

    def _verdict(self, process: JudgingProcess, molecule: Molecule) -> Verdict:
        answer = process.ask(self.job, molecule)
        if isinstance(answer, Verdict):
            return answer
        for rest in _remains(molecule, f"{NOT_JUDGED}: {answer}"):
            answer = process.ask(self.job, rest)
            if isinstance(answer, Verdict):
                return answer
        raise ConfigError(
            f"not even a molecule without atoms can be judged within {self.limits}: {answer}; give larger "
            "limits, or judge with Direct to see where it fails"
        )


def _remains(molecule: Molecule, reason: str) -> Iterator[Molecule]:
    """Yield ever less of a molecule: its atoms at no place, so that they count, then nothing.

    The atoms alone can be too many, as rules for bonds look at all pairs.
    """
    nowhere = np.full_like(molecule.pos, np.nan)
    yield replace(molecule, pos=nowhere, bonds=None, defect=reason)
    yield Molecule(np.zeros(0, dtype=np.int64), np.zeros((0, 3)), defect=reason, record=molecule.record)


class JudgingProcess:
    """This end of a :mod:`~molgen.evaluation.judging_process`, which is started when it is needed.

    Args:
        limits: What one molecule may take.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._start()

    def ask(self, job: Judge, molecule: Molecule) -> Verdict | str:
        """Have one molecule judged.

        Returns:
            The verdict, or the reason why there is none.

        Raises:
            MolgenError: The job raised it, as where a library is missing.
        """
        answer = self._exchange(job, molecule)
        if answer is None:
            # It had nothing to do for so long that it ended, or the system ended all of it.
            self.end()
            self._start()
            answer = self._exchange(job, molecule)
        if isinstance(answer, MolgenError):
            raise answer
        if answer is None:
            return f"the process that judges ended at once, with exit code {self._process.wait()}"
        return answer

    def end(self) -> None:
        """End the process and its fork, whatever they do."""
        self._connection.close()
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _start(self) -> None:
        self._connection, theirs = Pipe()
        memory = 0 if self.limits.memory_gb is None else int(self.limits.memory_gb * BYTES_PER_GB)
        arguments = [str(theirs.fileno()), str(self.limits.timeout_s), str(memory)]
        # It finds what this process finds, and nothing by accident in the folder where it is started.
        path = os.pathsep.join(folder or os.getcwd() for folder in sys.path)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "molgen.evaluation.judging_process", *arguments],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                process_group=0,
                env={**os.environ, **ONE_THREAD, "PYTHONPATH": path},
            )

    def _exchange(self, job: Judge, molecule: Molecule) -> Verdict | MolgenError | str | None:
        """Return the answer, or ``None`` where the other end is closed."""
        try:
            self._connection.send((job, molecule))
            answer: Verdict | MolgenError | str = self._connection.recv()
        except (EOFError, ConnectionError):
            return None
        return answer


class _Processes:
    """The idle processes that the threads of this Python process share."""

    def __init__(self) -> None:
        self._idle: list[JudgingProcess] = []
        self._lock = Lock()

    @contextmanager
    def lent(self, limits: Limits) -> Iterator[JudgingProcess]:
        """Lend an idle process with these limits, or a new one; after an error it is ended."""
        process = self._take(limits) or JudgingProcess(limits)
        try:
            yield process
        except BaseException:
            process.end()
            raise
        with self._lock:
            self._idle.append(process)

    def end_idle(self) -> None:
        """End the processes that are not lent."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.end()

    def _take(self, limits: Limits) -> JudgingProcess | None:
        with self._lock:
            for index, process in enumerate(self._idle):
                if process.limits == limits:
                    return self._idle.pop(index)
        return None


PROCESSES = _Processes()
"""Kept between chunks, since a start takes a second or two; dask workers keep theirs in the same way."""
