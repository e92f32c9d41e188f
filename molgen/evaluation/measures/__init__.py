"""Measures: numbers of one molecule each, many to a molecule and sorted by kind, for distributions.

A measure is a function ``measure(molecule) -> kind to numbers``: the lengths of its bonds by type, the sizes
of its rings. It never raises on a bad molecule, which has none. To add one: a file here, a line in
:data:`MEASURES`, its name in a protocol, a test.
"""

from collections.abc import Callable, Mapping, Sequence

from molgen.chem.molecule import Molecule
from molgen.evaluation.measures.bond_angles import measure_bond_angles
from molgen.evaluation.measures.bond_lengths import measure_bond_lengths
from molgen.evaluation.measures.elements import measure_elements
from molgen.evaluation.measures.functional_groups import measure_functional_groups
from molgen.evaluation.measures.ring_sizes import measure_ring_sizes
from molgen.evaluation.measures.size import measure_size
from molgen.evaluation.measures.torsions import measure_torsions

Measured = Mapping[str, Sequence[float]]
"""Kind to numbers, of one molecule."""

Measure = Callable[[Molecule], Measured]

MEASURES: Mapping[str, Measure] = {
    "bond_angles": measure_bond_angles,
    "bond_lengths": measure_bond_lengths,
    "elements": measure_elements,
    "functional_groups": measure_functional_groups,
    "ring_sizes": measure_ring_sizes,
    "size": measure_size,
    "torsions": measure_torsions,
}
"""Measure functions by the name that protocols use."""

__all__ = [
    "MEASURES",
    "Measure",
    "Measured",
    "measure_bond_angles",
    "measure_bond_lengths",
    "measure_elements",
    "measure_functional_groups",
    "measure_ring_sizes",
    "measure_size",
    "measure_torsions",
]
