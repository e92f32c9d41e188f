"""Where the molecules of a trial come from: requests, refinement, or RDKit beside them.

Whatever drew them, each molecule's record says in ``satisfied``, 1 or 0, whether it is what was asked, and in
``unsatisfied`` why not.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

from molgen.checkpoint.generator import MoleculeGenerator, SamplingOptions
from molgen.chem.conformers import embed
from molgen.chem.molecule import FieldValue, Molecule
from molgen.control.conformers import ConformerRequest
from molgen.control.properties import Targets
from molgen.control.refinement import Refinement
from molgen.control.request import Request
from molgen.control.several import Several, SeveralTargets
from molgen.core.contracts import Progress
from molgen.core.seeds import LARGEST_SEED

ROUND = 1024
"""Molecules that are padded together; bounds memory."""
SATISFIED, UNSATISFIED = "satisfied", "unsatisfied"


@dataclass(frozen=True)
class Bench:
    """A model and how it draws.

    Attributes:
        generator: The model.
        steps: Sampling steps; ``None`` for the checkpoint's own number.
        batch_size: Molecules drawn at once.
        seed: Seed of the draws.
        repair: How often broken molecules are redrawn; ``None`` for the default.
        progress: Told of every finished batch.
    """

    generator: MoleculeGenerator
    steps: int | None = None
    batch_size: int = 64
    seed: int = 0
    repair: int | None = None
    progress: Progress | None = None

    def tell(self, count: int) -> None:
        """Report finished molecules."""
        if self.progress is not None:
            self.progress(count)


class Source(ABC):
    """Makes the molecules of one row of a table."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of molecules that are requested."""

    @abstractmethod
    def __call__(self, bench: Bench) -> list[Molecule]:
        """Make as many molecules, failed ones included, in the order of what was requested."""


@dataclass(frozen=True)
class Requested(Source):
    """Molecules drawn by a model, one for each request.

    Attributes:
        requests: What is asked.
        targets: Properties that are asked beside it, for each molecule; none by default.
    """

    requests: Sequence[Request]
    targets: Sequence[Targets] = ()

    def __len__(self) -> int:
        """See base."""
        return len(self.requests)

    def __call__(self, bench: Bench) -> list[Molecule]:
        """See base."""
        return [m for start in range(0, len(self), ROUND) for m in self._round(bench, start)]

    def _round(self, bench: Bench, start: int) -> list[Molecule]:
        request = Several(self.requests[start : start + ROUND])
        asked = self.targets[start : start + ROUND]
        targets = SeveralTargets.of(asked) if asked else Targets({})
        options = SamplingOptions(bench.steps, None, bench.batch_size, request, targets, bench.repair)
        return bench.generator.sample(len(request.requests), options, bench.seed + start, bench.progress)


@dataclass(frozen=True)
class Refined(Source):
    """Force-field geometries refined as ``molgen refine`` does by default, with its own number of steps.

    Attributes:
        molecules: What is refined.
    """

    molecules: Sequence[Molecule]

    def __len__(self) -> int:
        """See base."""
        return len(self.molecules)

    def __call__(self, bench: Bench) -> list[Molecule]:
        """See base."""
        model = bench.generator
        source = model.source(SamplingOptions(batch_size=bench.batch_size))
        refined = Refinement(model.setting, source)(self.molecules, bench.progress)
        return [judged(m, None if m.record["refined"] else str(m.record["unrefined"])) for m in refined]


@dataclass(frozen=True)
class Embedded(Source):
    """Conformers by ETKDGv3 and MMFF94, each from a seed of its own, held to the same requests.

    Attributes:
        requests: Whose SMILES are embedded, as often as they occur.
    """

    requests: Sequence[ConformerRequest]

    def __len__(self) -> int:
        """See base."""
        return len(self.requests)

    def __call__(self, bench: Bench) -> list[Molecule]:
        """See base."""
        made = []
        for row, request in enumerate(self.requests):
            molecule = embed(request.smiles, (bench.seed + row) % LARGEST_SEED)
            made.append(judged(molecule, molecule.failure or request.objection(molecule)))
            bench.tell(1)
        return made


def judged(molecule: Molecule, problem: str | None) -> Molecule:
    """Record whether a molecule is what was asked, and if not, the problem."""
    verdict: dict[str, FieldValue] = {SATISFIED: int(problem is None)}
    return replace(
        molecule, record={**molecule.record, **verdict, **({UNSATISFIED: problem} if problem else {})}
    )
