"""Values of held-out molecules' properties, one at a time: do molecules drawn for a value have it?

Descriptors are computed by RDKit. Properties of QM9 need a judge, a network that knows them: it is handed in,
and without one the rows say only how many molecules are valid. Each drawn molecule carries its value in the
field ``asked_NAME``, so that it can be judged later as well. Success is being a whole molecule: a value is an
aim, and how near molecules come to it is the error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from molgen.chem.asked import ASKED
from molgen.chem.descriptors import DESCRIPTORS, describe
from molgen.chem.molecule import Molecule
from molgen.control.de_novo import DeNovo
from molgen.control.properties import Target, Targets, unit
from molgen.control.request import Request
from molgen.evaluation.asked_properties import shuffled_error
from molgen.evaluation.metrics import Estimate, Figure, bootstrap_interval
from molgen.trials.sources import Requested
from molgen.trials.trial import Asked, Occasion, Trial, take

GUIDANCES = (1.0, 2.0, 4.0)
OVER = "requested molecules"

PropertyPredictor = Callable[[Sequence[Molecule]], Mapping[str, NDArray[np.float64]]]
"""Maps ``M`` molecules, failed ones included, to ``(M,)`` values by property name, in its unit; NaN where
none is known. Properties that it does not know are absent."""


def by_rdkit(molecules: Sequence[Molecule]) -> dict[str, NDArray[np.float64]]:
    """Judge descriptors: see :data:`PropertyPredictor`."""
    nothing = dict.fromkeys(DESCRIPTORS, np.nan)
    rows = [nothing if m.mol is None else describe(m.mol) for m in molecules]
    return {name: np.array([row[name] for row in rows], dtype=np.float64) for name in DESCRIPTORS}


class PropertyTrial(Trial):
    """A value of every property that the model knows, at several guidances.

    Args:
        guidances: How far estimates are moved towards what is asked; 1 is the plain conditional model.
        judge: Says which values drawn molecules have; by default RDKit, of descriptors alone.

    Raises:
        InputError: A guidance is negative or not finite.
    """

    name = "property"

    def __init__(self, guidances: Sequence[float] = GUIDANCES, judge: PropertyPredictor = by_rdkit) -> None:
        self.guidances = tuple(Targets.parse([], guidance).guidance for guidance in guidances)
        self.judge = judge

    def asked(self, occasion: Occasion) -> Iterator[Asked]:
        """See base."""
        anything = DeNovo()
        for name in sorted(occasion.setting.statistics.properties):

            def make(molecule: Molecule, name: str = name) -> Request | None:
                return None if known_value(molecule, name) is None else anything

            taken = take(occasion, f"{self.name}, {name}", make)
            for guidance in self.guidances:
                targets = [_target(molecule, name, guidance) for molecule in taken.molecules]
                source = Requested(taken.requests, targets)
                yield Asked(f"{name}, guidance {guidance:g}", taken.molecules, source, taken.passed_over)

    def figures(self, asked: Asked, molecules: Sequence[Molecule]) -> Mapping[str, Figure]:
        """Mean absolute error, and that of the judged molecules had their values been dealt at random."""
        wanted = _asked_values(molecules)
        found = self.judge(molecules)
        figures: dict[str, Figure] = {}
        for name in wanted.keys() & found.keys():
            figures["mae"] = _mean_error(found[name] - wanted[name], unit(name))
            known = np.isfinite(found[name])
            if known.any():
                dealt = shuffled_error(wanted[name][known], found[name][known])
                count = int(known.sum())
                figures["mae_shuffled"] = Estimate(dealt, unit(name), count, len(known), OVER)
        return figures


def known_value(molecule: Molecule, name: str) -> float | None:
    """Value of a property, from the record or by RDKit if it is a descriptor; ``None`` where not known."""
    if name in molecule.record:
        return float(molecule.record[name])
    if name in DESCRIPTORS and molecule.mol is not None:
        return describe(molecule.mol)[name]
    return None


def _target(molecule: Molecule, name: str, guidance: float) -> Targets:
    value = known_value(molecule, name)
    assert value is not None
    return Targets({name: Target(name, value, value)}, guidance)


def _asked_values(molecules: Sequence[Molecule]) -> dict[str, NDArray[np.float64]]:
    """Asked values, ``(M,)``, by the name of their property."""
    fields = [field for field in molecules[0].record if field.startswith(ASKED)]
    return {
        field.removeprefix(ASKED): np.array([float(m.record[field]) for m in molecules]) for field in fields
    }


def _mean_error(errors: NDArray[np.float64], unit_of: str) -> Estimate:
    sizes = np.abs(errors[np.isfinite(errors)])
    if not len(sizes):
        return Estimate(None, unit_of, 0, len(errors), OVER, note="no molecule could be judged")
    interval = bootstrap_interval(sizes, np.mean)
    return Estimate(float(sizes.mean()), unit_of, len(sizes), len(errors), OVER, interval)
