"""Values of held-out molecules' properties, one at a time: do molecules drawn for a value have it?

Descriptors are computed by RDKit. Properties of QM9 need a judge, a network that knows them: it is handed in,
and without one the rows say only how many molecules are valid and how often each was drawn. Each carries its
value in the field ``asked_NAME``, so that it can be judged later as well. Success is being a whole molecule:
a value is an aim, and how near molecules come to it is the error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from molgen.checkpoint.records import DRAWN
from molgen.chem.asked import ASKED
from molgen.chem.descriptors import DESCRIPTORS, describe
from molgen.chem.molecule import Molecule
from molgen.control.attempts import DEFAULT_ATTEMPTS
from molgen.control.de_novo import DeNovo
from molgen.control.properties import Target, Targets, unit
from molgen.control.reading import PropertyPredictor, by_rdkit
from molgen.control.request import Request, Setting
from molgen.core.errors import InputError
from molgen.evaluation.asked_properties import shuffled_error
from molgen.evaluation.metrics import Estimate, Figure, bootstrap_interval
from molgen.trials.sources import Requested
from molgen.trials.trial import Asked, Occasion, Trial, take

GUIDANCES = (1.0, 2.0, 4.0)
OVER = "requested molecules"


class PropertyTrial(Trial):
    """A value of every property that the model knows, at several guidances.

    Args:
        guidances: How far estimates are moved towards what is asked; 1 is the plain conditional model.
        judge: Says which values drawn molecules have; by default RDKit, of descriptors alone.
        attempts: How often a molecule that misses its value is drawn. Of properties of QM9 another network
            than the judge chooses the nearest; descriptors RDKit both chooses by and judges.
        names: Properties that are asked for; by default all that the model knows.

    Raises:
        InputError: A guidance is negative or not finite, or there is no attempt.
    """

    name = "property"

    def __init__(
        self,
        guidances: Sequence[float] = GUIDANCES,
        judge: PropertyPredictor = by_rdkit,
        attempts: int = DEFAULT_ATTEMPTS,
        names: Sequence[str] | None = None,
    ) -> None:
        self.names = names
        self.attempts = attempts
        self.kinds = tuple(Targets.parse([], guidance, attempts) for guidance in guidances)
        self.judge = judge

    def asked(self, occasion: Occasion) -> Iterator[Asked]:
        """See base; also raises InputError where a named property is not known to the model."""
        anything = DeNovo()
        best = f", best of {self.attempts}" if self.attempts > 1 else ""
        for name in self._names(occasion.setting):

            def make(molecule: Molecule, name: str = name) -> Request | None:
                return None if known_value(molecule, name) is None else anything

            taken = take(occasion, f"{self.name}, {name}", make)
            for kind in self.kinds:
                targets = [_target(molecule, name, kind) for molecule in taken.molecules]
                source = Requested(taken.requests, targets)
                label = f"{name}, guidance {kind.guidance:g}{best}"
                yield Asked(label, taken.molecules, source, taken.passed_over)

    def _names(self, setting: Setting) -> Sequence[str]:
        known = sorted(setting.statistics.properties)
        if self.names is None:
            return known
        unknown = [name for name in self.names if name not in known]
        if unknown:
            some = f"give some of {', '.join(known)}" if known else "it knows none at all"
            raise InputError(f"the model knows no property {unknown[0]!r}; {some}")
        return list(dict.fromkeys(self.names))

    def figures(self, asked: Asked, molecules: Sequence[Molecule]) -> Mapping[str, Figure]:
        """Mean absolute error, that of the judged had their values been dealt at random, mean of attempts."""
        wanted = _asked_values(molecules)
        found = self.judge(molecules)
        draws = [int(m.record.get(DRAWN, 1)) for m in molecules]
        figures: dict[str, Figure] = {
            "draws": Estimate(float(np.mean(draws)), "", len(draws), len(draws), OVER)
        }
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


def _target(molecule: Molecule, name: str, kind: Targets) -> Targets:
    value = known_value(molecule, name)
    assert value is not None
    return replace(kind, targets={name: Target(name, value, value)})


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
