"""Functional groups: the 85 fragments of RDKit's ``Chem.Fragments``, by their published SMARTS patterns.

The patterns are those of ``FragmentDescriptors.csv``, which RDKit brings along (``fr_amide``, ``fr_nitrile``
...). They overlap: an ester counts as such, and its oxygens in ``C_O`` and ``ether`` as well.
"""

from __future__ import annotations

from rdkit.Chem import Fragments

from molgen.chem.graph import heavy_graph
from molgen.chem.molecule import Molecule


def measure_functional_groups(molecule: Molecule) -> dict[str, list[float]]:
    """Count functional groups of a valid molecule.

    Args:
        molecule: Any molecule; one that is not valid has no groups.

    Returns:
        RDKit's name without ``fr_`` to one number, how often the group occurs; absent groups are left out.
    """
    if molecule.mol is None:
        return {}
    heavy = heavy_graph(molecule.mol)
    counts = {name.removeprefix("fr_"): count(heavy) for name, count in Fragments.fns}
    return {name: [float(count)] for name, count in counts.items() if count}
