"""Different requests, one a molecule, drawn together: a thousand formulas cost what one formula does.

A network is called on batches, and what is given may differ from molecule to molecule. Each molecule's record
says which request it answers, so that it can be held against that one later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn.functional import pad

from molgen.chem.molecule import Molecule
from molgen.control.properties import Target, Targets
from molgen.control.request import Draw, Request, Setting
from molgen.core.batch import FIELDS, concatenate
from molgen.core.errors import InputError
from molgen.core.handedness import Handedness, joined
from molgen.core.tasks import Given
from molgen.sampling import ReverseSampler

REQUEST = "request"
"""Field of a molecule's record: number of its request, from 1."""


class Several(Request):
    """Requests in turns: molecule ``i`` of the stream answers request ``i`` modulo their number.

    Args:
        requests: At least one; what they give starts at one time, see :class:`molgen.core.tasks.Given`.

    Raises:
        InputError: There is no request.
    """

    def __init__(self, requests: Sequence[Request]) -> None:
        if not requests:
            raise InputError("several requests were announced, but none was given; give at least one")
        self.requests = list(requests)

    def check(self, setting: Setting) -> None:
        """See base."""
        for request in dict.fromkeys(self.requests):
            request.check(setting)

    def sampled_by(self, sampler: ReverseSampler) -> ReverseSampler:
        """See base.

        Raises:
            InputError: A request needs a sampler of its own.
        """
        if any(request.sampled_by(sampler) is not sampler for request in dict.fromkeys(self.requests)):
            raise InputError(
                "requests that bring a sampler of their own, as replacement does, are not drawn together; "
                "draw each by itself"
            )
        return sampler

    def given(self, draw: Draw) -> Given:
        """See base."""
        return merged([self._request(row).given(_alone(draw, row)) for row in range(draw.first, _end(draw))])

    def finish_row(self, molecule: Molecule, row: int) -> Molecule:
        """Finish a molecule as its request does, and note which that is."""
        finished = self._request(row).finish_row(molecule, row)
        number = row % len(self.requests) + 1
        return replace(finished, record={**finished.record, REQUEST: number})

    def objection(self, molecule: Molecule) -> str | None:
        """Say what the request of a finished molecule objects to, or ``None``."""
        return self.requests[int(molecule.record[REQUEST]) - 1].objection(molecule)

    def _request(self, row: int) -> Request:
        return self.requests[row % len(self.requests)]


@dataclass(frozen=True)
class SeveralTargets(Targets):
    """Values of the same properties, different ones for each molecule; drawn beside :class:`Several`.

    Attributes:
        each: What is asked of each molecule of a round.
    """

    each: Sequence[Targets] = field(default_factory=list)

    @classmethod
    def of(cls, each: Sequence[Targets]) -> SeveralTargets:
        """Join targets; the joint ones reach from the lowest to the highest value of each property.

        Raises:
            InputError: There are none, or they differ in their properties, their guidance or their attempts.
        """
        kinds = {(frozenset(t.targets), t.guidance, t.attempts) for t in each}
        if len(kinds) != 1:
            raise InputError(
                "molecules that are drawn together are asked for the same properties, with one guidance and "
                f"as many attempts; got {len(kinds)} different kinds of targets; draw each kind by itself"
            )
        (names, guidance, attempts), *_ = kinds
        joint = {name: _reach([t.targets[name] for t in each]) for name in sorted(names)}
        return cls(joint, guidance, attempts, list(each))

    def draw(self, count: int, setting: Setting, generator: torch.Generator) -> dict[str, Tensor]:
        """See base.

        Raises:
            InputError: The round is not of as many molecules as there are targets.
        """
        if count != len(self.each):
            raise InputError(
                f"{len(self.each)} molecules have targets, but {count} are drawn at once; draw as many"
            )
        drawn = [targets.draw(1, setting, generator) for targets in self.each]
        return {name: torch.cat([labels[name] for labels in drawn]) for name in self.targets}

    def for_molecule(self, molecule: Molecule) -> Targets:
        """See base."""
        return self.each[int(molecule.record[REQUEST]) - 1]


def merged(parts: Sequence[Given]) -> Given:
    """Join what is known of molecules into one; a field that a part does not name is free there.

    Raises:
        InputError: The parts start at different times.
    """
    starts = {part.start for part in parts}
    if len(starts) != 1:
        raise InputError(
            f"molecules that are drawn together start at one time, got {sorted(starts)}; draw each by itself"
        )
    molecules = concatenate([part.molecules for part in parts])
    names = [name for name in FIELDS if any(name in part.free for part in parts)]
    atoms = molecules.mask.shape[1]
    free = {name: torch.cat([_free(part, name, atoms) for part in parts]) for name in names}
    return Given(molecules, free, starts.pop(), _hands(parts))


def _hands(parts: Sequence[Given]) -> Handedness | None:
    """Join what is wanted of the stereochemistry; nothing where no part wants any."""
    if all(part.hands is None for part in parts):
        return None
    nothing = [Handedness.of([[]] * len(part.molecules), 0) for part in parts]
    return joined([part.hands or empty for part, empty in zip(parts, nothing, strict=True)])


def _free(part: Given, name: str, atoms: int) -> Tensor:
    """Free entries of a field, ``(B, atoms)`` or ``(B, atoms, atoms)`` bool; padding is not free."""
    mask = part.free.get(name, part.molecules.entry_mask(name))
    extra = atoms - mask.shape[1]
    return pad(mask, (0, extra, 0, extra) if FIELDS[name].pairwise else (0, extra))


def _alone(draw: Draw, row: int) -> Draw:
    """Return the draw of one molecule of a round."""
    place = row - draw.first
    labels: Mapping[str, Tensor] = {n: values[place : place + 1] for n, values in draw.labels.items()}
    return replace(draw, count=1, labels=labels, first=row)


def _end(draw: Draw) -> int:
    return draw.first + draw.count


def _reach(targets: Sequence[Target]) -> Target:
    return Target(targets[0].name, min(t.low for t in targets), max(t.high for t in targets))
