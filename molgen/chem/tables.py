"""Bond lengths, margins and valences, as tables and as lookup arrays.

The edm rule and its numbers are those of Hoogeboom et al., "Equivariant Diffusion for Molecule Generation
in 3D" (ICML 2022), appendix: a pair is bonded when its distance is below a typical length plus a
margin, and the highest order that holds is taken. They are written once, here. So are the valences of
molecules that bring their own bonds and charges.
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
"""Summed bond order of a stable atom by the edm rule, by element."""

# An atom of charge q forms the bonds of the neutral element with as many valence electrons: N+ and B- those
# of carbon (4), O+ and C- those of nitrogen (3), N-, O- and S- one fewer than when neutral, halides none. C+,
# Si+ and B+ keep an empty orbital and lose one bond instead. From the third row on an atom can hold more than
# an octet: P 5, S 4 and 6, I 3 and 5, and their ions (S+ 5 as in sulfoxonium, P- 6 as in PF6-, Si- 5 and Si-2
# 6 as in fluorosilicates). Charge-separated oxides of sulfur, chlorine, bromine and iodine give the cations
# of charge 2 and 3. Everything else, such as pentavalent neutral nitrogen or a radical, is not stable.
VALENCES: Mapping[str, Mapping[int, tuple[int, ...]]] = {
    "H": {0: (1,), 1: (0,), -1: (0,)},
    "B": {0: (3,), 1: (2,), -1: (4,)},
    "C": {0: (4,), 1: (3,), -1: (3,)},
    "N": {0: (3,), 1: (4,), -1: (2,)},
    "O": {0: (2,), 1: (3,), -1: (1,)},
    "F": {0: (1,), -1: (0,)},
    "Si": {0: (4,), 1: (3,), -1: (3, 5), -2: (6,)},
    "P": {0: (3, 5), 1: (4,), -1: (2, 6)},
    "S": {0: (2, 4, 6), 1: (3, 5), 2: (4,), -1: (1,)},
    "Cl": {0: (1,), 1: (2,), 2: (3,), 3: (4,), -1: (0,)},
    "Br": {0: (1,), 1: (2,), 2: (3,), 3: (4,), -1: (0,)},
    "I": {0: (1, 3, 5), 1: (2, 4), 2: (3,), 3: (4,), -1: (0,)},
}
"""Summed kekulised bond orders of a stable atom, by element and formal charge; other charges have none."""

COVALENT_RADII = np.array(
    [0.0, *(Chem.GetPeriodicTable().GetRcovalent(z) for z in range(1, MAX_ATOMIC_NUMBER + 1))]
)
"""``(119,)`` angstrom, by atomic number."""

_SYMBOLS = ("?", *(Chem.GetPeriodicTable().GetElementSymbol(z) for z in range(1, MAX_ATOMIC_NUMBER + 1)))

ATOMIC_NUMBER: Mapping[str, int] = {element: z for z, element in enumerate(_SYMBOLS) if z}
"""Atomic number by element symbol."""


def symbol(number: int) -> str:
    """Return the element symbol of an atomic number, 1 to 118; ``"?"`` for any other number."""
    return _SYMBOLS[number] if 1 <= number <= MAX_ATOMIC_NUMBER else _SYMBOLS[0]


def allowed_orders(number: int, charge: int) -> tuple[int, ...] | None:
    """Return the total bond orders at which an atom is stable; ``None`` for an element without valences.

    Args:
        number: Atomic number.
        charge: Formal charge in elementary charges.
    """
    charges = VALENCES.get(symbol(number))
    return None if charges is None else charges.get(charge, ())


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
