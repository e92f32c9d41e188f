"""Held-out molecules embedded by ETKDGv3 and MMFF94, then refined: how much strain does refinement take away?

Strain is the energy that GFN2-xTB relaxation releases, by the thresholds of the protocol ``physical``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from molgen.chem.conformers import embed
from molgen.chem.molecule import Molecule
from molgen.chem.stereo import shown_smiles
from molgen.core.errors import InputError
from molgen.evaluation.metrics import Estimate, Figure, bootstrap_interval
from molgen.evaluation.protocols import Protocol, load_protocol
from molgen.evaluation.runner import evaluate
from molgen.trials.sources import Refined
from molgen.trials.trial import Asked, Occasion, Trial

CHECK = "xtb_relaxation"
UNIT = "kcal/mol"
OVER = "molecules relaxed before and after"


class RefinementTrial(Trial):
    """Each molecule placed anew by a force field and refined.

    Args:
        relaxed: Number of molecules that are relaxed by GFN2-xTB before and after; the first ones of the
            drawn order.

    Raises:
        ConfigError: tblite or ASE is not installed.
    """

    name = "refinement"

    def __init__(self, relaxed: int = 100) -> None:
        self.relaxed = relaxed
        self.protocol = strain_protocol()
        # Nothing is relaxed in no time, and a library that is missing is told of before hours of drawing.
        evaluate([Molecule(np.zeros(0, dtype=np.int64), np.zeros((0, 3)))], self.protocol)

    def asked(self, occasion: Occasion) -> Iterator[Asked]:
        """See base."""
        tried = 0
        embedded: list[Molecule] = []
        for molecule in occasion.held_out:
            tried += 1
            placed = _placed(molecule, occasion.seed)
            embedded += [] if placed is None else [placed]
            if len(embedded) == occasion.count:
                break
        if len(embedded) < occasion.count:
            raise InputError(
                f"{self.name}: only {len(embedded)} molecules of the {occasion.held_out.split} split can be "
                "embedded; ask for at most so many, with -n"
            )
        yield Asked("", embedded, Refined(embedded), tried - len(embedded))

    def figures(self, asked: Asked, molecules: Sequence[Molecule]) -> Mapping[str, Figure]:
        """Median strain before and after, and the ratio of the medians, from the same molecules."""
        before, after = (list(islice(several, self.relaxed)) for several in (asked.about, molecules))
        start, end = (evaluate(several, self.protocol) for several in (before, after))
        energies = np.array([start.table["xtb_energy"], end.table["xtb_energy"]], dtype=np.float64).T
        known = energies[np.isfinite(energies).all(axis=1)]
        return {
            "strain_before": _median(known[:, 0], len(energies)),
            "strain_after": _median(known[:, 1], len(energies)),
            "strain_ratio": _ratio(known, len(energies)),
        }


@dataclass(frozen=True)
class _RatioOfMedians:
    """Median of the first column over that of the second."""

    def __call__(self, energies: NDArray[np.float64]) -> float:
        before, after = np.median(energies, axis=0)
        return float(before / after)


def strain_protocol() -> Protocol:
    """Return of the protocol ``physical`` the relaxation by GFN2-xTB alone, asked of every molecule."""
    physical = load_protocol("physical")
    return replace(
        physical,
        name="strain",
        checks={CHECK: physical.checks[CHECK]},
        limits={},
        measures=[],
        metrics=["xtb_energy_median"],
    )


def _placed(molecule: Molecule, seed: int) -> Molecule | None:
    """The molecule's graph in a force-field geometry, or ``None`` where there is none."""
    smiles = shown_smiles(molecule)
    placed = None if smiles is None else embed(smiles, seed)
    return placed if placed is not None and placed.failure is None else None


def _median(energies: NDArray[np.float64], total: int) -> Estimate:
    """Median of ``(n,)`` kcal/mol, out of ``total`` molecules."""
    if not len(energies):
        return Estimate(None, UNIT, 0, total, OVER, note="no molecule could be relaxed before and after")
    interval = bootstrap_interval(energies, np.median)
    return Estimate(float(np.median(energies)), UNIT, len(energies), total, OVER, interval)


def _ratio(energies: NDArray[np.float64], total: int) -> Estimate:
    """Ratio of the medians of ``(n, 2)`` kcal/mol before and after, out of ``total`` molecules."""
    if not len(energies) or not np.median(energies[:, 1]) > 0:
        return Estimate(None, "", len(energies), total, OVER, note="there is no strain to compare")
    statistic = _RatioOfMedians()
    interval = bootstrap_interval(energies, statistic)
    return Estimate(statistic(energies), "", len(energies), total, OVER, interval)
