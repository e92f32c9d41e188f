"""Ring sizes: how many rings of each size a molecule has, in a smallest set of smallest rings."""

from __future__ import annotations

from collections import Counter

from molgen.chem.molecule import Molecule


def measure_ring_sizes(molecule: Molecule) -> dict[str, list[float]]:
    """Count rings of a valid molecule, as RDKit's sanitisation finds them (symmetrised SSSR).

    Args:
        molecule: Any molecule; one that is not valid has no rings.

    Returns:
        Size (``3``, ``4`` ...) to one number, how many rings have it; sizes that do not occur are left out.
    """
    mol = molecule.mol
    if mol is None:
        return {}
    sizes = Counter(len(ring) for ring in mol.GetRingInfo().AtomRings())
    return {str(size): [float(count)] for size, count in sorted(sizes.items())}
