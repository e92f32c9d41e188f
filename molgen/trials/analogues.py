"""Analogues of held-out molecules: does the similarity to the parent fall as the strength rises?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from molgen.chem.molecule import Molecule
from molgen.control.analogue import AnalogueRequest
from molgen.control.request import Request
from molgen.core.errors import InputError
from molgen.evaluation.metrics import Estimate, Figure, bootstrap_interval, share
from molgen.trials.sources import Requested
from molgen.trials.trial import Asked, Occasion, Trial, take

STRENGTHS = (0.1, 0.3, 0.5, 0.7, 0.9)


class AnalogueTrial(Trial):
    """One analogue of each molecule at each strength.

    Args:
        strengths: Times at which the parents' noise starts, in (0, 1].

    Raises:
        InputError: A strength is not in (0, 1].
    """

    name = "analogue"

    def __init__(self, strengths: Sequence[float] = STRENGTHS) -> None:
        wrong = [strength for strength in strengths if not 0 < strength <= 1]
        if wrong:
            raise InputError(
                f"strengths must be above 0 and at most 1, got {wrong[0]:g}; give some as 0.1,0.5"
            )
        self.strengths = tuple(strengths)

    def asked(self, occasion: Occasion) -> Iterator[Asked]:
        """See base."""
        for strength in self.strengths:
            taken = take(occasion, self.name, partial(_request, strength))
            yield Asked(
                f"strength {strength:g}", taken.molecules, Requested(taken.requests), taken.passed_over
            )

    def figures(self, asked: Asked, molecules: Sequence[Molecule]) -> Mapping[str, Figure]:
        """Mean Tanimoto similarity of Morgan fingerprints to the parent, and how many are the parent."""
        over = "requested molecules"
        alike = np.array([float(m.record["similarity"]) for m in molecules if "similarity" in m.record])
        same = sum(m.smiles == parent.smiles for m, parent in zip(molecules, asked.about, strict=True))
        figures: dict[str, Figure] = {"same_as_parent": share(same, len(molecules), over)}
        if not len(alike):
            none = Estimate(None, "", 0, len(molecules), over, note="no analogue is valid")
            return {"similarity": none, **figures}
        interval = bootstrap_interval(alike, np.mean)
        found = Estimate(float(alike.mean()), "", len(alike), len(molecules), over, interval)
        return {"similarity": found, **figures}


def _request(strength: float, molecule: Molecule) -> Request | None:
    request = AnalogueRequest([molecule], strength)
    return request if molecule.mol is not None and request.objection(molecule) is None else None
