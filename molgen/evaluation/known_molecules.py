"""Distributions of a user's own molecules, measured when a metric first asks for them.

Most evaluations ask for novelty alone, and measuring takes some milliseconds a molecule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from molgen.chem.molecule import Molecule
from molgen.evaluation.distribution import Distributions
from molgen.evaluation.measurements import Measurements
from molgen.evaluation.measures import MEASURES, Measured


class KnownMolecules(Mapping[str, Distributions]):
    """Measure name to its distributions over the valid ones of some molecules.

    Args:
        molecules: Molecules with their bonds; those that are not valid are left out.
    """

    def __init__(self, molecules: Sequence[Molecule]) -> None:
        self.molecules = molecules

    def __getitem__(self, measure: str) -> Distributions:
        """Return the distributions of one measure; the first call measures all molecules."""
        return self._measured[measure]

    def __iter__(self) -> Iterator[str]:
        """Yield the names of all measures."""
        return iter(MEASURES)

    def __len__(self) -> int:
        """Return the number of measures."""
        return len(MEASURES)

    @cached_property
    def _measured(self) -> dict[str, Distributions]:
        rows: list[dict[str, Measured]] = []
        for molecule in self.molecules:
            # A copy, so that what RDKit makes of each molecule is not kept.
            fresh = replace(molecule)
            if fresh.mol is not None:
                rows.append({name: measure(fresh) for name, measure in MEASURES.items()})
        return {
            name: Distributions.of(Measurements.collect([row[name] for row in rows]), len(rows))
            for name in MEASURES
        }
