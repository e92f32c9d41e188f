"""Formulas of held-out molecules, one molecule drawn for each."""

from __future__ import annotations

from collections.abc import Iterator

from molgen.chem.formula import FormulaRange
from molgen.chem.molecule import Molecule
from molgen.control.formula import FormulaRequest
from molgen.control.request import Request
from molgen.trials.sources import Requested
from molgen.trials.trial import Asked, Occasion, Trial, take


class FormulaTrial(Trial):
    """The formula of each molecule, hydrogens included."""

    name = "formula"

    def asked(self, occasion: Occasion) -> Iterator[Asked]:
        """See base."""
        taken = take(occasion, self.name, _request)
        yield Asked("", taken.molecules, Requested(taken.requests), taken.passed_over)


def _request(molecule: Molecule) -> Request | None:
    request = FormulaRequest(FormulaRange.parse(molecule.formula))
    return request if molecule.failure is None and request.objection(molecule) is None else None
