"""Files that end inside a record: an error for who needs the whole file, a last row for who judges it."""

from __future__ import annotations

import numpy as np

from molgen.chem.molecule import Molecule
from molgen.core.errors import InputError


def unread(reason: str) -> Molecule:
    """Return what stands for what was not read or placed: no atoms, and the reason as its defect."""
    return Molecule(np.zeros(0, dtype=np.int64), np.zeros((0, 3)), defect=reason)


class DamagedFileError(InputError):
    """A file ends inside a record, or goes on so that no later record can be found.

    Args:
        reason: Which record of which file, and what is wrong with it.
        advice: What to do next.
    """

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(reason, advice)
        self.reason = reason
        self.advice = advice

    def __str__(self) -> str:
        """Return reason and advice."""
        return f"{self.reason}. {self.advice}"

    @property
    def row(self) -> Molecule:
        """What stands for the record that is damaged."""
        return unread(self.reason)
