"""What the records of drawn molecules say: how often they were drawn, what was asked, what they have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from molgen.chem.asked import asked_fields
from molgen.chem.decode import decode
from molgen.chem.descriptors import DESCRIPTORS
from molgen.chem.molecule import FieldValue, Molecule
from molgen.control.attempts import Attempt
from molgen.control.misfit import Misfit
from molgen.control.properties import Targets
from molgen.control.reading import read_fields
from molgen.core.vocab import Vocab
from molgen.regression.model import PropertyModel
from molgen.regression.shipped import PREDICTOR, shipped_property_model

DRAWN = "drawn"
"""Data field: of how many molecules this one is the nearest to its properties; absent where of one."""
REDRAWN = "redrawn"
"""Data field: how often it, and all that were drawn for it, were repaired; absent where never."""


def counted(drawn: Sequence[Attempt], vocab: Vocab) -> Iterator[Molecule]:
    """Decode molecules whose records say how often they were drawn and repaired, where that is news."""
    for attempt in drawn:
        (molecule,) = decode(attempt.molecule, vocab)
        counts: dict[str, FieldValue] = {DRAWN: attempt.draws} if attempt.draws > 1 else {}
        counts |= {REDRAWN: attempt.repairs} if attempt.repairs else {}
        yield replace(molecule, record={**molecule.record, **counts})


def recorded(
    finished: Molecule,
    found: Mapping[str, float],
    asked: Mapping[str, float],
    misfit: Misfit,
) -> Molecule:
    """Record what was asked of a finished molecule, which properties it has, and if that is what was asked.

    Args:
        finished: The molecule.
        found: Property name to value, of those that could be read off it.
        asked: Property name to the value that was asked.
        misfit: What it shall be, and which properties it shall have.
    """
    problem = finished.failure
    if problem is None:
        targets = misfit.targets.for_molecule(finished)
        problem = misfit.request.objection(finished) or targets.objection(found, misfit.reader.errors)
    record: dict[str, FieldValue] = {**asked_fields(asked), "satisfied": int(problem is None)}
    if problem is not None:
        record["unsatisfied"] = problem
    return replace(finished, record={**finished.record, **read_fields(found), **record})


def predictor_of(targets: Targets) -> PropertyModel | None:
    """Return the network that reads off molecules what RDKit does not compute, if any of that is asked.

    Raises:
        CheckpointError: It is damaged, or did not come with the package.
    """
    needed = set(targets.targets) - set(DESCRIPTORS)
    return shipped_property_model(PREDICTOR) if needed else None
