"""Elements: how many atoms of each element a molecule has."""

from __future__ import annotations

from collections import Counter

from molgen.chem.molecule import Molecule
from molgen.chem.tables import symbol


def measure_elements(molecule: Molecule) -> dict[str, list[float]]:
    """Count atoms by element.

    Args:
        molecule: Any molecule, valid or not.

    Returns:
        Element symbol, ``?`` for an element that is not known, to one number, how many atoms are of it.
    """
    counts = Counter(symbol(number) for number in molecule.numbers.tolist())
    return {element: [float(count)] for element, count in sorted(counts.items())}
