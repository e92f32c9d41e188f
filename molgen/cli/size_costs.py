"""Time and peak memory of one denoiser at one size of molecules.

On a CPU it is the peak of the resident set, whose record Linux lets a process begin anew; on a GPU the
allocator's own.
"""

from __future__ import annotations

import ctypes
import enum
import gc
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from molgen.cli.speed import Bench, Call, Entry, seconds_per_call
from molgen.core.errors import InputError

_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


class Work(enum.Enum):
    """What is measured."""

    TRAINING = "one training step"
    SAMPLING = "one chain"


@dataclass(frozen=True)
class Plan:
    """How all sizes are measured.

    Attributes:
        steps: Sampling steps, or ``None`` for the recipe's.
        repeats: Timed calls.
        precision: Of training, one of :data:`molgen.cli.speed.PRECISIONS`.
    """

    steps: int | None
    repeats: int
    precision: str = "32-true"


@dataclass(frozen=True)
class SizeJob:
    """What to measure.

    Attributes:
        entry: The denoiser.
        count: Molecules per batch.
        num_atoms: Atoms per molecule.
        device: Name of the device.
        plan: What all sizes share.
    """

    entry: Entry
    count: int
    num_atoms: int
    device: str
    plan: Plan


@dataclass(frozen=True)
class SizeCost:
    """Cost per molecule.

    Attributes:
        seconds: Wall time.
        megabytes: Peak memory beyond the model's weights, 1e6 bytes.
    """

    seconds: float
    megabytes: float


def measure_size(job: SizeJob, work: Work) -> SizeCost:
    """Measure time and memory.

    Raises:
        InputError: This system does not tell a process's peak memory.
    """
    device = torch.device(job.device)
    # The smallest batch loads kernels and makes optimiser states: they are not what a batch costs.
    small = replace(Bench.build(job.entry, 2, 2, device), precision=job.plan.precision)
    _calls(small, work)[0]()
    bench = small.resized(job.count, job.num_atoms)
    calls = _calls(bench, work)
    before = _forget_peak(device)
    for call in calls:
        call()
    peak = _peak_bytes(device) - before
    seconds = seconds_per_call(calls, job.plan.repeats, device)
    if work is Work.TRAINING:
        total = bench.mean_step(seconds)
    else:
        total = seconds[0] * bench.chain_factor(job.plan.steps or job.entry.recipe.steps)
    return SizeCost(total / job.count, peak / 1e6 / job.count)


def _calls(bench: Bench, work: Work) -> list[Call]:
    return bench.training_steps() if work is Work.TRAINING else [bench.chain()]


def _forget_peak(device: torch.device) -> int:
    """Start a new record of the most memory held; return what is held now, bytes."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return torch.cuda.memory_allocated(device)
    if not (_CLEAR.exists() and _STATUS.exists()):
        raise InputError("memory by size is read from Linux's /proc or from a GPU; this system has neither")
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what was freed must not stand in for what is needed next
    _CLEAR.write_text("5")
    return _peak_bytes(device)


def _peak_bytes(device: torch.device) -> int:
    """Most memory held since :func:`_forget_peak`, bytes."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    (line,) = (row for row in _STATUS.read_text().splitlines() if row.startswith("VmHWM:"))
    return 1024 * int(line.split()[1])
