"""The process in which molecules are judged that may crash or hang a library.

What is stuck in compiled code hears no Python exception and no thread of its own process, so the clock is the
kernel's: an interval timer whose signal ends the process. It also ends what has lost its parent. A fresh
interpreter imports the libraries once, while it has a single thread, and forks: whatever ends the fork, the
next one is there in milliseconds, and no lock is ever copied in a locked state.

Run as ``python -m molgen.evaluation.judging_process FD TIMEOUT_S MEMORY_BYTES``; see
:class:`molgen.evaluation.isolation.JudgingProcess`, which speaks to it.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from contextlib import suppress
from mmap import mmap
from multiprocessing.connection import Connection
from typing import NoReturn

from molgen.chem.molecule import Molecule
from molgen.core.errors import MolgenError
from molgen.evaluation.execution import Judge
from molgen.evaluation.job import Verdict

IDLE_S = 60.0
"""Seconds without a question after which the process ends, so that none is left behind on a cluster."""

OVER, BROKEN = 71, 72
"""Exit codes of a fork: nobody asks any more; and an exception of Python ended it."""

FRESH, ASKED, ANSWERED = range(3)
"""What has happened to a fork, told to its parent in a byte that they share."""

BYTES_PER_GB = 1e9


def main(descriptor: int, timeout_s: float, memory: int) -> None:
    """Answer questions until nobody asks any more.

    A question is ``(job, molecule)``; its answer is a :class:`~molgen.evaluation.job.Verdict`, the reason why
    there is none, or a deliberate error. Each question is answered once, by the fork or in its place.

    Args:
        descriptor: The socket that questions come by.
        timeout_s: Seconds that one molecule may take.
        memory: Bytes that a fork may hold, the libraries' own included; 0 for no limit.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    connection, state = Connection(descriptor), mmap(-1, 1)
    while (code := _fork(connection, state, timeout_s, memory)) != OVER and state[0] != FRESH:
        if state[0] == ASKED:
            # Whoever asked may be gone as well, which the next fork finds out.
            with suppress(ConnectionError):
                connection.send(_ending(code, timeout_s))


def _fork(connection: Connection, state: mmap, timeout_s: float, memory: int) -> int:
    """Let a fork answer questions, and return its exit code, negative for the signal that ended it."""
    state[0] = FRESH
    child = os.fork()
    if not child:
        _live(connection, state, timeout_s, memory)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _live(connection: Connection, state: mmap, timeout_s: float, memory: int) -> NoReturn:
    code = BROKEN
    try:
        if memory:
            hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
            allowed = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
            resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))
        while connection.poll(IDLE_S):
            state[0] = ASKED
            try:
                _answer(connection, timeout_s, memory)
            finally:
                state[0] = ANSWERED
        code = OVER
    except EOFError:
        code = OVER
    finally:
        # Whatever happens, a fork must not go on as if it were its parent.
        os._exit(code)


def _answer(connection: Connection, timeout_s: float, memory: int) -> None:
    reply: Verdict | MolgenError | str
    try:
        job, molecule = connection.recv()
        reply = _verdict(job, molecule, timeout_s)
    except EOFError:
        raise
    except MolgenError as error:
        reply = error
    except MemoryError:
        connection.send(f"it needs more than {memory / BYTES_PER_GB:g} GB of memory")
        raise
    except Exception as error:
        # Nobody knows what state an exception leaves behind, so it ends the fork.
        connection.send(f"{type(error).__name__}: {error}")
        raise
    connection.send(reply)


def _verdict(job: Judge, molecule: Molecule, timeout_s: float) -> Verdict:
    signal.setitimer(signal.ITIMER_REAL, timeout_s)
    try:
        (verdict,) = job([molecule])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return verdict


def _ending(code: int, timeout_s: float) -> str:
    if code == -signal.SIGALRM:
        return f"timed out after {timeout_s:g} s"
    if code == -signal.SIGKILL:
        return "the process ended by signal 9 (Killed), as it does where memory runs out"
    if code < 0:
        return f"the process ended by signal {-code} ({signal.strsignal(-code)})"
    return f"the process ended with exit code {code}"


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
