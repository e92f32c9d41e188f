"""What ``molgen evaluate`` does with files: choose protocols, stream molecules through them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from rich.console import Console

from molgen.chem.damage import DamagedFileError
from molgen.chem.io import check_suffix, iter_rows
from molgen.chem.molecule import Molecule
from molgen.cli.progress import progress_bar
from molgen.core.errors import ConfigError, InputError
from molgen.evaluation import Protocol, ReferenceSet, Report, evaluate, load_protocol, load_reference
from molgen.evaluation.beside import NONE, Beside
from molgen.evaluation.execution import Direct, Execution
from molgen.evaluation.isolation import Isolated, Limits
from molgen.evaluation.optional_library import optional_library
from molgen.evaluation.protocols import ALL, QUICK, applicable_protocols
from molgen.evaluation.quoted import QUOTED, Quoted

_SEVERAL = {"all": ALL, "quick": QUICK}
EVERY_WORKER = -1
DEFAULT_BESIDE = "qm9"

CARBON, HYDROGEN = 6, 1
BARE = (
    "no hydrogen beside it; figures of stability and validity need hydrogens: write them in where they lack"
)
"""What a file lacks that other programs wrote for heavy atoms alone."""

PARALLEL_BYTES, PARALLEL_BYTES_SLOW = 30_000_000, 200_000
"""Size of the files from which all cores are faster, their start included: without and with slow checks."""


@dataclass(frozen=True)
class How:
    """How files are judged.

    Attributes:
        protocol: A shipped protocol's name, a protocol file (YAML), ``all`` for edm, bonded and physical, or
            ``quick`` with distributions in place of the slow physical; the last two leave out protocols of
            own bonds where a file has none.
        reference: Known molecules for novelty and distances: ``qm9``, or a file.
        limits: Slow check to how many molecules it is asked about, in place of the protocols' own numbers.
        seed: Draws those molecules.
        workers: Processes, -1 for all there are; ``None`` takes all cores for large files.
        isolation: What one molecule may take; slow protocols are isolated in any case.
    """

    protocol: str = "quick"
    reference: str | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0
    workers: int | None = None
    isolation: Limits | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what figures depend on as plain values that JSON can hold."""
        return {
            "protocol": self.protocol,
            "reference": self.reference,
            "limits": dict(self.limits),
            "seed": self.seed,
            "isolation": None if self.isolation is None else asdict(self.isolation),
        }

    def protocols(self, with_bonds: bool) -> list[Protocol]:
        """Load the protocols, with these limits.

        Args:
            with_bonds: Whether the molecules bring bonds.

        Raises:
            ConfigError: The protocol is unknown or wrong, or none has a check that a limit is given for.
        """
        if self.protocol in _SEVERAL:
            chosen = applicable_protocols(_SEVERAL[self.protocol], with_bonds)
        else:
            chosen = [load_protocol(self.protocol)]
        return [replace(p, limits={**p.limits, **self._limits_of(p)}) for p in chosen]

    def require_limits(self, protocols: Sequence[Protocol]) -> None:
        """Refuse a limit that no protocol has a use for.

        Raises:
            ConfigError: None of the protocols has that check.
        """
        for check in self.limits:
            if not any(check in protocol.checks for protocol in protocols):
                names = ", ".join(protocol.name for protocol in protocols)
                raise ConfigError(
                    f"a number of molecules was given for the check {check!r}, which the protocol {names} "
                    "does not have; use --protocol physical or all, or leave the number out"
                )

    def references(self, protocols: Sequence[Protocol]) -> dict[str, ReferenceSet]:
        """Load the reference as each bond rule names it.

        Raises:
            InputError: It cannot be read.
        """
        if self.reference is None:
            return {}
        return {p.bonds: load_reference(self.reference, p.bonds) for p in protocols}

    def execution(self, files: Sequence[Path], protocols: Sequence[Protocol]) -> Execution:
        """Decide where the judging runs."""
        slow = any(protocol.limits for protocol in protocols)
        workers = self.workers
        if workers is None:
            bound = PARALLEL_BYTES_SLOW if slow else PARALLEL_BYTES
            workers = joblib.cpu_count() if sum(f.stat().st_size for f in files) >= bound else 1
        if slow or self.isolation is not None:
            return Isolated(self.isolation or Limits(), workers)
        return Direct(workers)

    def _limits_of(self, protocol: Protocol) -> dict[str, int]:
        return {check: count for check, count in self.limits.items() if check in protocol.checks}


def read_beside(sources: Sequence[str]) -> tuple[Beside | None, Quoted | None]:
    """Read what ``--beside`` names.

    Args:
        sources: At most one of measured figures or ``none``, and ``quoted``.

    Returns:
        Measured figures for a column, and quoted ones for tables of their own.

    Raises:
        InputError: There is no such source, or two for the one column.
    """
    measured = [source for source in dict.fromkeys(sources) if source != QUOTED]
    if len(measured) > 1:
        raise InputError(
            f"--beside was given {', '.join(measured)}; give one of qm9, a file and none, and quoted if you "
            "want published figures as well"
        )
    quoted = Quoted.load() if QUOTED in sources else None
    return (Beside.load(measured[0]) if measured and measured[0] != NONE else None), quoted


def judge_files(files: Sequence[Path], how: How) -> tuple[list[list[Report]], dict[str, ReferenceSet]]:
    """Judge each file under each protocol; molecules are read as they are judged, never all held.

    Args:
        files: Molecules; at least one file.
        how: How to judge.

    Returns:
        For each protocol one report a file, and the references by bond rule.

    Raises:
        InputError: A file cannot be read or holds no molecule, or the reference cannot be read.
        ConfigError: The protocol is unknown or wrong.
    """
    # Every protocol and reference is read before the molecules, so that mistakes show before the work.
    protocols = how.protocols(with_bonds=True)
    how.require_limits(protocols)
    references = how.references(protocols)
    if how.protocol in _SEVERAL:
        protocols = how.protocols(with_bonds=all(has_bonds(file) for file in files))
    damages: dict[str, None] = {}
    bare: dict[Path, None] = {}

    def told(damage: DamagedFileError) -> None:
        damages[damage.reason] = None

    for file in files:
        next(iter_rows(file, told))
    execution = how.execution(files, protocols)
    with progress_bar() as bar:
        task = bar.add_task("judging", total=None)
        by_file = [
            [
                evaluate(
                    _noting_bare(iter_rows(file, told), file, bare),
                    protocol,
                    references.get(protocol.bonds),
                    execution,
                    progress=lambda count: bar.advance(task, count),
                    generator=np.random.default_rng(how.seed),
                )
                for file in files
            ]
            for protocol in protocols
        ]
    _warn([f"{reason}; it counts as a failed molecule" for reason in damages])
    _warn([f"{file} has carbon and {BARE}" for file in bare])
    return by_file, references


def _warn(warnings: Sequence[str]) -> None:
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    for warning in warnings:
        console.print(f"molgen: warning: {warning}")


def _noting_bare(molecules: Iterator[Molecule], file: Path, bare: dict[Path, None]) -> Iterator[Molecule]:
    """Pass molecules on, and note a file of which some have carbon, and none of those hydrogen."""
    carbon = hydrogen = False
    for molecule in molecules:
        if not hydrogen and (molecule.numbers == CARBON).any():
            carbon, hydrogen = True, bool((molecule.numbers == HYDROGEN).any())
        yield molecule
    if carbon and not hydrogen:
        bare[file] = None


def has_bonds(file: Path) -> bool:
    """Say whether a file's molecules bring bonds; of most files only the first is looked at.

    Raises:
        InputError: The file cannot be read.
    """
    if check_suffix(file) != ".sdf":
        return False
    rows = iter_rows(file, lambda damage: None)
    return any(molecule.bonds is not None and len(molecule.bonds) for molecule in rows)


@contextmanager
def cluster(backend: str, scheduler: str | None) -> Iterator[None]:
    """Have what runs inside spread by joblib over this machine's cores or a dask cluster.

    Args:
        backend: ``joblib`` or ``dask``.
        scheduler: Address of the dask scheduler, such as ``tcp://10.0.0.5:8786``.

    Raises:
        ConfigError: A scheduler without dask or the reverse, or dask is not installed.
        InputError: The scheduler does not answer.
    """
    if (backend == "dask") != (scheduler is not None):
        raise ConfigError(
            f"--backend {backend} was given with the scheduler {scheduler!r}; dask needs --scheduler "
            "ADDRESS, and only dask takes one"
        )
    if scheduler is None:
        yield
        return
    with optional_library("--backend dask", "cluster"):
        from dask.distributed import Client
    try:
        client = Client(scheduler)
    except (OSError, ValueError) as error:
        raise InputError(f"the dask scheduler {scheduler!r} does not answer: {error}") from error
    with client, joblib.parallel_config(backend="dask"):
        yield
