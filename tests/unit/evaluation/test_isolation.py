"""Isolation: a molecule that crashes or hangs is a row with a reason, and costs only itself."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from molgen.chem import Molecule
from molgen.core.errors import ConfigError
from molgen.evaluation import evaluate, load_protocol
from molgen.evaluation.execution import Direct, Judge
from molgen.evaluation.isolation import PROCESSES, Isolated, IsolatedJob, Limits
from molgen.evaluation.job import Job, Verdict

LIMITS = Limits(timeout_s=2.0, memory_gb=2.0)
FAULT = "fault"


@dataclass(frozen=True)
class Trap:
    """The edm job, but for a molecule whose record names a fault and that has bonds."""

    job: Job

    def __call__(self, molecules: Sequence[Molecule]) -> list[Verdict]:
        for molecule in molecules:
            if molecule.defect is None and FAULT in molecule.record:
                commit(str(molecule.record[FAULT]))
        return self.job(molecules)


def commit(fault: str) -> None:
    match fault:
        case "hang":
            # Compiled code that holds the interpreter's lock, which no thread of Python could interrupt.
            ctypes.PyDLL(None).sleep(60)
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "leave":
            ctypes.CDLL(None).exit(3)
        case "grow":
            bytearray(3 * 10**9)
        case "raise":
            raise ZeroDivisionError("of charges")
        case "library":
            raise ConfigError("install the library")


class Failing:
    """A job with a mistake of its own."""

    def __call__(self, molecules: Sequence[Molecule]) -> list[Verdict]:
        raise AttributeError("no such thing")


def faulty(molecule: Molecule, fault: str) -> Molecule:
    return Molecule(molecule.numbers, molecule.pos, record={FAULT: fault})


@pytest.fixture(scope="module")
def trap() -> Trap:
    return Trap(Job.of_all(load_protocol("edm")))


@pytest.fixture(scope="module", autouse=True)
def end_processes() -> Iterator[None]:
    yield
    PROCESSES.end_idle()


REASONS = {
    "hang": "timed out after 2 s",
    "crash": "the process ended by signal 11 (Segmentation fault)",
    "kill": "the process ended by signal 9 (Killed), as it does where memory runs out",
    "leave": "the process ended with exit code 3",
    "grow": "it needs more than 2 GB of memory",
    "raise": "ZeroDivisionError: of charges",
}


def test_each_fault_is_a_row_with_a_reason_and_the_others_keep_their_verdicts(
    trap: Trap, ethanol: Molecule, pair: Molecule
) -> None:
    molecules = [ethanol]
    for fault in REASONS:
        molecules += [faulty(ethanol, fault), pair]
    verdicts = IsolatedJob(trap, LIMITS)(molecules)
    good = trap.job([ethanol, pair])
    assert [verdicts[0], *verdicts[2::2]] == [good[0], *[good[1]] * len(REASONS)]
    for verdict, reason in zip(verdicts[1::2], REASONS.values(), strict=True):
        assert verdict.row == good[0].row | {
            "bonds": "edm",
            "stable_atoms": 0,
            "stable": False,
            "valid": False,
            "connected": False,
            "num_fragments": verdict.row["num_fragments"],
            "smiles": None,
            "failure": f"not judged: {reason}",
        }


def test_several_workers_keep_the_order(trap: Trap, ethanol: Molecule, pair: Molecule) -> None:
    chunks = [[ethanol, pair], [faulty(pair, "crash"), ethanol], [pair], [ethanol] * 3]
    isolated = Isolated(LIMITS, workers=2)
    found = list(isolated(trap, iter(chunks)))  # type: ignore[arg-type]
    assert [len(verdicts) for verdicts in found] == [2, 2, 1, 3]
    expected = list(Direct()(trap.job, iter(chunks)))
    assert found[0] == expected[0] and found[2:] == expected[2:]
    assert found[1][1] == expected[1][1]
    assert "signal 11" in str(found[1][0].row["failure"])


def test_a_protocol_has_the_same_report(ethanol: Molecule, pair: Molecule, no_atoms: Molecule) -> None:
    molecules = [ethanol, pair, no_atoms, ethanol]
    direct, isolated = (evaluate(molecules, "edm", execution=e) for e in (Direct(), Isolated(LIMITS)))
    assert list(isolated.table.rows()) == list(direct.table.rows())
    assert isolated.shares == direct.shares


class Trapped(Isolated):
    """Isolated, in a trap."""

    def __call__(self, job: Judge, chunks: Iterable[Sequence[Molecule]]) -> Iterator[list[Verdict]]:
        assert isinstance(job, Job)
        return super().__call__(Trap(job), chunks)  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", ["hang", "crash"])
def test_what_could_not_be_judged_is_not_computable_rather_than_failed(fault: str, ethanol: Molecule) -> None:
    """By the checks that know three answers: it is counted and noted, and still no pass."""
    pytest.importorskip("posebusters")
    physical = load_protocol("physical")
    checks = {name: physical.checks[name] for name in ("plausibility", "energy_ratio")}
    figures = ["plausibility", "plausible_with_energy_ratio"]
    protocol = replace(physical, checks=checks, limits={}, measures=[], metrics=figures)
    hurt = replace(ethanol, record={FAULT: fault})
    # Time enough to import the libraries, which each fork does anew.
    report = evaluate([ethanol, hurt], protocol, execution=Trapped(Limits(timeout_s=10.0)))
    assert report.table["plausible"].tolist() == report.table["energy_ratio_passes"].tolist() == [True, None]
    assert str(report.table["energy_ratio_problem"][1]).startswith("not judged: ")
    for name in figures:
        share = report.shares[name]
        assert (share.numerator, share.denominator, share.note) == (1, 2, "1 not computable")


def test_what_is_no_fault_of_a_molecule_ends_the_run(trap: Trap, ethanol: Molecule) -> None:
    with pytest.raises(ConfigError, match="install the library"):
        IsolatedJob(trap, LIMITS)([faulty(ethanol, "library")])
    with pytest.raises(ConfigError, match=r"not even .* without atoms .*AttributeError: no such thing"):
        IsolatedJob(Failing(), LIMITS)([ethanol])


def test_a_process_that_cannot_start_says_so(
    trap: Trap, ethanol: Molecule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ConfigError, match="ended at once, with exit code 1"):
        IsolatedJob(trap, Limits(3.0, None))([ethanol])


@pytest.mark.parametrize(("timeout_s", "memory_gb"), [(0, 1), (1, -1), (float("nan"), 1), (1, float("inf"))])
def test_limits_that_could_judge_nothing(timeout_s: float, memory_gb: float) -> None:
    with pytest.raises(ConfigError, match="above 0"):
        Limits(timeout_s, memory_gb)


def test_a_system_without_timers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "setitimer")
    with pytest.raises(ConfigError, match="Linux or macOS"):
        Limits()


PARENT = """
import sys
from molgen.evaluation import load_protocol
from molgen.evaluation.isolation import JudgingProcess, Limits
from molgen.evaluation.job import Job
from test_isolation import Trap, faulty
import numpy as np
from molgen.chem import Molecule

process = JudgingProcess(Limits(timeout_s=3.0))
trap, carbon = Trap(Job.of_all(load_protocol("edm"))), Molecule(np.array([6]), np.zeros((1, 3)))
process.ask(trap, carbon)
print(process._process.pid, flush=True)
process.ask(trap, faulty(carbon, "hang"))
"""


def test_the_processes_end_with_their_parent_even_when_it_is_killed() -> None:
    path = os.pathsep.join([str(Path(__file__).parent), *(folder or os.getcwd() for folder in sys.path)])
    command = [sys.executable, "-P", "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": path}) as parent:
        assert parent.stdout is not None
        group = int(parent.stdout.readline())
        time.sleep(0.2)
        os.killpg(group, 0)
        parent.kill()
    deadline = time.monotonic() + 15
    while alive(group) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(group)


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_remains_count_their_atoms(trap: Trap, pair: Molecule) -> None:
    (verdict,) = IsolatedJob(trap, LIMITS)([faulty(pair, "crash")])
    assert verdict.row["num_atoms"] == pair.num_atoms
    assert np.isfinite(pair.pos).all()
