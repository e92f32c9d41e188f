"""Results of one checkpoint at one number of network calls: figures over seeds, and how they were made.

A folder of results holds ``NAME.eval.json`` files of ``molgen evaluate --json``, and beside each the
``SDF.run.json`` files that ``molgen sample`` wrote for the judged molecules.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from molgen.core.errors import InputError
from molgen.core.files import record_path
from molgen.evaluation.beside import protocol_figures
from molgen.evaluation.metrics import Figure, Share
from molgen.evaluation.metrics.profile import Profile
from molgen.evaluation.pooling import Spread
from molgen.evaluation.protocols import load_protocol
from molgen.evaluation.results_commands import evaluate_command, recorded_command

Kind = tuple[str, str, int, int, str]
"""Checkpoint, weights, calls without repairs, repairs at most and sampler."""
SUFFIX = ".eval.json"
REQUESTS = ("formula", "smiles", "scaffold", "like", "property", "num_atoms")
"""Options of ``molgen sample`` that ask for something."""


@dataclass(frozen=True)
class RunRecord:
    """How one file of molecules was made.

    Attributes:
        checkpoint: Name on its card.
        digest: Of its weights.
        nfe: Network calls for one molecule, the mean where some were repaired.
        calls: Network calls for one that was not.
        repair: How often broken ones were drawn again at most.
        sampler: Class name.
        device: As torch names it.
        threads: CPU threads, or ``None`` where the record does not say.
        seed: Of the generator.
        written: Number of molecules.
        seconds: Wall time of drawing them.
        command: What was typed.
    """

    checkpoint: str
    digest: str
    nfe: float
    calls: int
    repair: int
    sampler: str
    device: str
    threads: int | None
    seed: int
    written: int
    seconds: float
    command: str

    @classmethod
    def read(cls, path: Path) -> RunRecord:
        """Read ``NAME.run.json``.

        Raises:
            InputError: It is missing, is no run record, or molecules were selected or asked for something.
        """
        content = read_json(path, "run records that molgen sample writes stand beside the figures")
        try:
            if content["options"].get("only") is not None or content["rejected"]:
                raise InputError(
                    f"{path}: molecules were selected by --only, so the figures are not over all that were "
                    "drawn; sample without --only"
                )
            asked = [name for name in REQUESTS if content["options"].get(name)]
            if asked:
                raise InputError(
                    f"{path}: molecules were asked for by --{asked[0]}; the page is of those that were asked "
                    "for nothing, and has molgen requests for the others"
                )
            return cls(
                str(content["checkpoint"]),
                str(content["checkpoint_sha256"]),
                float(content["nfe"]),
                int(content.get("nfe_unrepaired", content["nfe"])),
                int(content.get("repair", 0)),
                str(content["sampler"]),
                str(content["device"]),
                None if content.get("threads") is None else int(content["threads"]),
                int(content["seed"]),
                int(content["written"]),
                float(content["seconds"]),
                recorded_command("sample", content["options"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path} is no run record of molgen sample ({error!r})") from error


@dataclass(frozen=True)
class Judged:
    """What one protocol says of a run.

    Attributes:
        count: Molecules over all seeds.
        figures: Metric name to the figure over all seeds together.
        spreads: Metric name to its scatter over seeds; empty for one seed.
        bonds: Rule to how many molecules were judged by its bonds.
        limits: Slow check to how many molecules of a seed it was asked about.
        command: What was typed.
    """

    count: int
    figures: Mapping[str, Figure]
    spreads: Mapping[str, Spread]
    bonds: Mapping[str, int]
    limits: Mapping[str, int]
    command: str

    def value(self, metric: str) -> float | None:
        """Return the mean over seeds, shares in per cent; ``None`` without a value."""
        figure = self.figures.get(metric)
        if figure is None or isinstance(figure, Profile):
            return None
        value = self.spreads[metric].mean if metric in self.spreads else figure.value
        return value if value is None or not isinstance(figure, Share) else 100 * value


@dataclass(frozen=True)
class Run:
    """One checkpoint at one number of network calls.

    Attributes:
        records: One a seed.
        protocols: Protocol name to what it says.
    """

    records: Sequence[RunRecord]
    protocols: Mapping[str, Judged]

    def __post_init__(self) -> None:
        """Check that seeds differ and nothing else does.

        Raises:
            InputError: They are not seeds of one model, or a seed stands twice.
        """
        kinds = {(r.checkpoint, r.digest, r.calls, r.repair, r.sampler, r.device) for r in self.records}
        seeds = [r.seed for r in self.records]
        if len(kinds) > 1 or len(set(seeds)) < len(seeds):
            raise InputError(
                f"figures are over files of {sorted(kinds)} with seeds {seeds}; judge different seeds of one "
                "checkpoint, sampler and number of steps together"
            )

    @property
    def first(self) -> RunRecord:
        """A record; they differ in seed and time alone."""
        return self.records[0]

    @property
    def kind(self) -> Kind:
        """What makes two runs the same but for the number of molecules."""
        one = self.first
        return one.checkpoint, one.digest, one.calls, one.repair, one.sampler

    @property
    def size(self) -> str:
        """Number of seeds and of molecules for each."""
        return f"{len(self.records)} x {self.first.written:,}"

    @property
    def name(self) -> str:
        """Checkpoint and number of calls."""
        return f"{self.title}, {self.calls} NFE"

    @property
    def title(self) -> str:
        """Checkpoint, and whether what broke was drawn again."""
        return self.first.checkpoint + (", repaired" if self.first.repair else "")

    @property
    def nfe(self) -> float:
        """Network calls for one molecule, mean over seeds."""
        return sum(r.nfe for r in self.records) / len(self.records)

    @property
    def calls(self) -> str:
        """The same for a table."""
        return f"{self.nfe:.1f}".removesuffix(".0")

    @property
    def seconds_each(self) -> float:
        """Seconds for one molecule, over all seeds."""
        return sum(r.seconds for r in self.records) / sum(r.written for r in self.records)

    def limits(self, protocol: str) -> str:
        """Say of how many molecules a protocol's slow checks were asked; empty where of all."""
        judged = self.protocols.get(protocol)
        limits = {} if judged is None else judged.limits
        asked = [f"{check.replace('_', ' ')} of {count}" for check, count in limits.items()]
        return f"{', '.join(asked)} molecules a seed, drawn at random" if asked else ""

    @classmethod
    def read(cls, path: Path) -> Run:
        """Read one file of figures and the run records of its molecules.

        Raises:
            InputError: A file is missing or not what it should be.
        """
        content = read_json(path, "give what molgen evaluate --json wrote")
        try:
            files = [content["file"]] if "file" in content else list(content["files"])
            command = evaluate_command(files, content["options"], str(path))
            protocols = {
                name: _judged(path, found, _spreads(content, name, len(files)), command)
                for name, found in content["protocols"].items()
            }
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            raise InputError(
                f"{path} holds no figures of one model ({error!r}); give what molgen evaluate --json wrote, "
                "without --compare, by this version"
            ) from error
        records = [RunRecord.read(path.parent / record_path(Path(file)).name) for file in files]
        return cls(records, protocols)

    def joined(self, other: Run) -> Run:
        """Return both files' protocols as one run.

        Raises:
            InputError: They are of different molecules, or of the same protocol.
        """
        twice = set(self.protocols) & set(other.protocols)
        if twice or self.records != other.records:
            what = f"both by {', '.join(sorted(twice))}" if twice else "over different files"
            raise InputError(
                f"two files of figures are of {self.name}, {what}; judge all seeds together, once "
                "by each protocol"
            )
        return replace(self, protocols={**self.protocols, **other.protocols})


def read_runs(folder: Path) -> list[Run]:
    """Read all results of a folder, sorted by checkpoint, latest name first, then by calls and molecules.

    Raises:
        InputError: There are none, or one cannot be used.
    """
    found: dict[tuple[Kind, int], Run] = {}
    for path in sorted(folder.glob("*" + SUFFIX)):
        run = Run.read(path)
        key = (run.kind, run.first.written)
        found[key] = found[key].joined(run) if key in found else run
    if not found:
        raise InputError(
            f"{folder} has no *{SUFFIX}; make results fills such a folder, or molgen evaluate seeds --json "
            f"{folder}/NAME{SUFFIX} beside the seeds' SDF files"
        )
    by_calls = sorted(found.values(), key=lambda run: (run.first.repair, run.first.calls, run.first.written))
    return sorted(by_calls, key=lambda run: run.first.checkpoint, reverse=True)


def read_json(path: Path, advice: str) -> Any:  # noqa: ANN401 - whatever JSON the file holds
    """Read a JSON file.

    Raises:
        InputError: It cannot be read.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path} as JSON ({error}); {advice}") from error


def _spreads(content: Mapping[str, Any], protocol: str, files: int) -> dict[str, Spread]:
    return {
        name: Spread(tuple(found["values"]), float(found["mean"]), found["standard_deviation"], files)
        for name, found in content.get("over_files", {}).get(protocol, {}).items()
    }


def _judged(path: Path, content: Mapping[str, Any], spreads: Mapping[str, Spread], command: str) -> Judged:
    version, figures = protocol_figures(content)
    protocol = load_protocol(content["protocol"]["name"])
    if version != protocol.version:
        raise InputError(
            f"{path} has figures of protocol {protocol.name} version {version}, and it is now at version "
            f"{protocol.version}; judge the molecules again"
        )
    limits = {check: int(count) for check, count in content["protocol"]["limits"].items()}
    return Judged(int(content["n"]), figures, spreads, dict(content["bonds"]), limits, command)
