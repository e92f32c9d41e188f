"""Seeds that every generator of random numbers takes."""

from __future__ import annotations

from molgen.core.errors import InputError

LARGEST_SEED = 2**31 - 2
"""RDKit keeps seeds in 32 bits, and those of its conformers are one larger."""


def check_seed(seed: int) -> None:
    """Refuse a seed that some generator would not take.

    Raises:
        InputError: It is negative or larger than :data:`LARGEST_SEED`.
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise InputError(f"--seed {seed}: give a whole number of 0 to {LARGEST_SEED}")
