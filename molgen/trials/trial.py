"""Trial: one kind of request asked of a model many times, each time about another held-out molecule."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from molgen.chem.molecule import Molecule
from molgen.control.request import Request, Setting
from molgen.core.errors import InputError
from molgen.evaluation.metrics import Figure
from molgen.trials.held_out import HeldOut
from molgen.trials.sources import Source


@dataclass(frozen=True, eq=False)
class Asked:
    """One row of a table before it is drawn.

    Attributes:
        label: What sets the row apart from the others of its trial; empty where there is one.
        about: Held-out molecule, or the part of one, that each requested molecule is about.
        source: Makes the molecules.
        passed_over: Held-out molecules that were drawn but cannot be asked about in this way.
        each: Requested molecules about each held-out one; they follow each other.
    """

    label: str
    about: Sequence[Molecule]
    source: Source
    passed_over: int = 0
    each: int = 1


@dataclass(frozen=True)
class Occasion:
    """What trials ask about, and how often.

    Attributes:
        held_out: The molecules.
        setting: The model that is asked.
        count: Number of molecules that are asked about.
        seed: Seed of what trials draw besides.
    """

    held_out: HeldOut
    setting: Setting
    count: int
    seed: int = 0


class Trial(ABC):
    """One kind of request.

    Attributes:
        name: Word by which it is chosen.
    """

    name: str

    @abstractmethod
    def asked(self, occasion: Occasion) -> Iterator[Asked]:
        """Yield the rows: what is asked, about which molecules.

        Raises:
            InputError: Fewer held-out molecules than wanted can be asked about.
        """

    def figures(self, asked: Asked, molecules: Sequence[Molecule]) -> Mapping[str, Figure]:
        """Return what only this trial measures of the drawn molecules of a row; nothing by default."""
        return {}


@dataclass(frozen=True, eq=False)
class Taken:
    """Requests that held-out molecules answer.

    Attributes:
        molecules: The held-out molecules.
        requests: A request about each.
        passed_over: Molecules in between about which there is none.
    """

    molecules: list[Molecule]
    requests: list[Request]
    passed_over: int


def take(occasion: Occasion, name: str, make: Callable[[Molecule], Request | None]) -> Taken:
    """Ask about held-out molecules in their order until there are as many as wanted.

    Args:
        occasion: The molecules and their number.
        name: The trial's, for messages.
        make: Makes a request about a molecule, or returns ``None`` where it cannot be asked about.

    Raises:
        InputError: There are not as many; or the model cannot be asked for such a thing at all.
    """
    taken = Taken([], [], 0)
    refusals: list[InputError] = []
    passed_over = 0
    for molecule in occasion.held_out:
        try:
            request = make(molecule)
            if request is not None:
                request.check(occasion.setting)
        except InputError as error:
            request = None
            refusals.append(error)
        if request is None:
            passed_over += 1
            continue
        taken.molecules.append(molecule)
        taken.requests.append(request)
        if len(taken.requests) == occasion.count:
            return Taken(taken.molecules, taken.requests, passed_over)
    if not taken.requests and refusals:
        raise refusals[0]
    raise InputError(
        f"{name}: only {len(taken.requests)} of the {len(occasion.held_out)} molecules of the "
        f"{occasion.held_out.split} split can be asked about; ask for at most so many, with -n"
    )
