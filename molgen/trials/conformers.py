"""Graphs of held-out molecules, several conformers of each; do they find the geometry that is known?

Coverage and matching are those of :func:`molgen.control.conformers.recall`, with one reference a graph: the
geometry of the data set. The same number of conformers by RDKit is made and judged beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from molgen.chem.molecule import Molecule
from molgen.chem.stereo import shown_smiles
from molgen.control.conformers import ConformerRequest, recall
from molgen.control.request import Request
from molgen.evaluation.metrics import Estimate, Figure, Share, bootstrap_interval, share
from molgen.trials.sources import SATISFIED, Embedded, Requested
from molgen.trials.trial import Asked, Occasion, Trial, take

THRESHOLDS = (0.25, 0.5)
"""Root mean square distances of heavy atoms below which a geometry counts as found, angstrom."""
RIVAL = "ETKDGv3 + MMFF94"


class ConformerTrial(Trial):
    """Conformers of each graph, with the stereochemistry that its geometry shows.

    Args:
        each: Conformers of each graph.
    """

    name = "conformer"

    def __init__(self, each: int = 10) -> None:
        self.each = each

    def asked(self, occasion: Occasion) -> Iterator[Asked]:
        """See base."""
        taken = take(occasion, self.name, _request)
        requests = [request for request in taken.requests for _ in range(self.each)]
        embedded = [request for request in requests if isinstance(request, ConformerRequest)]
        about = [molecule for molecule in taken.molecules for _ in range(self.each)]
        passed_over = taken.passed_over
        yield Asked(f"{self.each} of each graph", about, Requested(requests), passed_over, self.each)
        yield Asked(f"{self.each} by {RIVAL}", about, Embedded(embedded), passed_over, self.each)

    def figures(self, asked: Asked, molecules: Sequence[Molecule]) -> Mapping[str, Figure]:
        """Coverage at each threshold, and matching; a conformer that is not what was asked finds nothing.

        Different molecules are not counted: conformers of a graph are one molecule, however good they are.
        """
        starts = range(0, len(molecules), self.each)
        nearest = np.array(
            [_nearest(molecules[start : start + self.each], asked.about[start]) for start in starts]
        )
        covered = {
            f"coverage_{limit:g}": share(int((nearest <= limit).sum()), len(nearest), "graphs")
            for limit in THRESHOLDS
        }
        uncounted = Share(0, len(molecules), "requested molecules", note="conformers of a graph are alike")
        return {"valid_and_unique": uncounted, **covered, "matching_rmsd": _matching(nearest)}


def _request(molecule: Molecule) -> Request | None:
    smiles = shown_smiles(molecule)
    if smiles is None:
        return None
    request = ConformerRequest(smiles)
    return request if request.objection(molecule) is None else None


def _nearest(conformers: Sequence[Molecule], reference: Molecule) -> float:
    usable = [m for m in conformers if m.record[SATISFIED]]
    return recall(usable, [reference]).matching


def _matching(nearest: NDArray[np.float64]) -> Estimate:
    found = nearest[np.isfinite(nearest)]
    if not len(found):
        return Estimate(None, "angstrom", 0, len(nearest), "graphs", note="no graph has a usable conformer")
    interval = bootstrap_interval(found, np.mean)
    return Estimate(float(found.mean()), "angstrom", len(found), len(nearest), "graphs", interval)
