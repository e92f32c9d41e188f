"""Measures: numbers of one molecule each, many to a molecule and sorted by kind, for distributions.

A measure is a function ``measure(molecule) -> kind to numbers``: the lengths of its bonds by type, the sizes
of its rings. It never raises on a bad molecule, which has none. To add one: a file here, a line in
:data:`MEASURES`, its name in a protocol, a test.
"""

from collections.abc import Callable, Mapping, Sequence

from molgen.chem.molecule import Molecule
from molgen.evaluation.measures.size import measure_size

Measured = Mapping[str, Sequence[float]]
"""Kind to numbers, of one molecule."""

Measure = Callable[[Molecule], Measured]

MEASURES: Mapping[str, Measure] = {
    "size": measure_size,
}
"""Measure functions by the name that protocols use."""

__all__ = ["MEASURES", "Measure", "Measured", "measure_size"]
