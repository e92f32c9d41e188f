"""Bond lengths, margins and valences of the edm rule, as tables and as lookup arrays.

The rule and its numbers are those of Hoogeboom et al., "Equivariant Diffusion for Molecule Generation
in 3D" (ICML 2022), appendix: a pair is bonded when its distance is below a typical length plus a
margin, and the highest order that holds is taken. They are written once, here.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

MAX_ATOMIC_NUMBER = 118

EDM_LENGTHS_PM: tuple[Mapping[str, float], ...] = (
    {
        "H H": 74, "H C": 109, "H N": 101, "H O": 96, "H F": 92, "C C": 154, "C N": 147, "C O": 143,
        "C F": 135, "N N": 145, "N O": 140, "N F": 136, "O O": 148, "O F": 142, "F F": 142,
    },
    {"C C": 134, "C N": 129, "C O": 120, "N N": 125, "N O": 121, "O O": 121},
    {"C C": 120, "C N": 116, "C O": 113, "N N": 110},
)  # fmt: skip
"""Typical lengths in picometres of single, double and triple bonds, by pair of elements."""

EDM_MARGINS_PM = (10.0, 5.0, 3.0)
"""How much longer than typical a single, double and triple bond may be, in picometres."""

EDM_VALENCES: Mapping[str, int] = {"H": 1, "C": 4, "N": 3, "O": 2, "F": 1}
"""Summed bond order of a stable atom, by element."""


_SYMBOLS = ("?", *(Chem.GetPeriodicTable().GetElementSymbol(z) for z in range(1, MAX_ATOMIC_NUMBER + 1)))

ATOMIC_NUMBER: Mapping[str, int] = {element: z for z, element in enumerate(_SYMBOLS) if z}
"""Atomic number by element symbol."""


def symbol(number: int) -> str:
    """Return the element symbol of an atomic number, 1 to 118; ``"?"`` for any other number."""
    return _SYMBOLS[number] if 1 <= number <= MAX_ATOMIC_NUMBER else _SYMBOLS[0]


def edm_valence_array() -> NDArray[np.int64]:
    """Return ``(119,)`` int64: the edm valence by atomic number, -1 where the table has none."""
    valences = np.full(MAX_ATOMIC_NUMBER + 1, -1, dtype=np.int64)
    for element, valence in EDM_VALENCES.items():
        valences[ATOMIC_NUMBER[element]] = valence
    return valences


def edm_squared_thresholds() -> NDArray[np.float64]:
    """Return ``(3, 119, 119)`` squared distance limits in angstrom^2, by order - 1 and both atomic numbers.

    A pair has at least order ``k`` when its squared distance is below entry ``k - 1``. Pairs without such
    a bond have limit 0, which no squared distance is below. Limits fall with the order, so the number of
    limits a pair stays below is its bond order.
    """
    size = MAX_ATOMIC_NUMBER + 1
    limits = np.zeros((3, size, size))
    for order, (lengths, margin) in enumerate(zip(EDM_LENGTHS_PM, EDM_MARGINS_PM, strict=True)):
        for pair, length in lengths.items():
            first, second = (ATOMIC_NUMBER[e] for e in pair.split())
            limits[order, first, second] = limits[order, second, first] = ((length + margin) / 100) ** 2
    return limits
