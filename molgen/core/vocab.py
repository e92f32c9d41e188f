"""The alphabet of a model: which elements and formal charges it can write.

Every width that depends on the alphabet (one-hot sizes, output heads) is derived from here, so that
no configuration repeats it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from molgen.core.errors import InputError

ATOMIC_NUMBERS = {
    symbol: number
    for number, symbol in enumerate(
        "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se "
        "Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe".split(),
        start=1,
    )
}
NUM_BOND_ORDERS = 4
"""Bond orders 0 (no bond), 1, 2, 3: molecules are kekulised, there is no aromatic order."""


class Vocab:
    """Elements and formal charges, in the order of their one-hot columns.

    Args:
        elements: Element symbols, for example ``["H", "C", "N", "O", "F"]``.
        charges: Formal charges in units of the elementary charge, 0 among them.

    Raises:
        InputError: An element is unknown or repeated, or charge 0 is missing.
    """

    def __init__(self, elements: list[str], charges: list[int] | None = None) -> None:
        unknown = [e for e in elements if e not in ATOMIC_NUMBERS]
        if unknown or not elements or len(set(elements)) != len(elements):
            raise InputError(
                f"vocabulary elements {elements} are not usable (unknown: {unknown}); give distinct "
                "element symbols up to Xe, such as [H, C, N, O, F]"
            )
        charges = [-1, 0, 1] if charges is None else charges
        if 0 not in charges or len(set(charges)) != len(charges):
            raise InputError(f"vocabulary charges {charges} must be distinct and contain 0")
        self.elements = tuple(elements)
        self.charges = tuple(charges)
        self.atomic_numbers = tuple(ATOMIC_NUMBERS[e] for e in elements)

    @property
    def num_elements(self) -> int:
        """Width ``A`` of the one-hot element field."""
        return len(self.elements)

    @property
    def num_charges(self) -> int:
        """Width ``Q`` of the one-hot formal-charge field."""
        return len(self.charges)

    def element_index(self, numbers: Tensor) -> Tensor:
        """Map atomic numbers to one-hot columns.

        Args:
            numbers: Atomic numbers, any shape, integer; 0 marks padding and maps to 0.

        Returns:
            Column indices of the same shape, int64.

        Raises:
            InputError: An atomic number is not in the vocabulary.
        """
        return self._lookup(numbers, self.atomic_numbers, "atomic number", padding=True)

    def charge_index(self, charges: Tensor) -> Tensor:
        """Map formal charges to one-hot columns (same shape, int64).

        Raises:
            InputError: A charge is not in the vocabulary.
        """
        return self._lookup(charges, self.charges, "formal charge", padding=False)

    @staticmethod
    def _lookup(values: Tensor, known: tuple[int, ...], what: str, padding: bool) -> Tensor:
        index = torch.full(values.shape, -1, dtype=torch.int64, device=values.device)
        for column, value in enumerate(known):
            index[values == value] = column
        if padding:
            index[values == 0] = 0
        missing = values[index < 0]
        if missing.numel():
            raise InputError(f"{what} {int(missing[0])} is not in the vocabulary {list(known)}")
        return index

    def __eq__(self, other: object) -> bool:
        """Two vocabularies are equal when their one-hot columns mean the same."""
        if not isinstance(other, Vocab):
            return NotImplemented
        return (self.elements, self.charges) == (other.elements, other.charges)

    def __hash__(self) -> int:
        """Hash of the columns' meaning."""
        return hash((self.elements, self.charges))

    def __repr__(self) -> str:
        """Constructor call that rebuilds this vocabulary."""
        return f"Vocab(elements={list(self.elements)}, charges={list(self.charges)})"
