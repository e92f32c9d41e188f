"""What a relaxation says of a molecule: the strain it held, and how far its atoms moved to lose it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molgen.chem.molecule import Molecule

RAISED = 0.1
"""Energy in kcal/mol by which a relaxation may end higher than it began, for rounding."""


@dataclass(frozen=True)
class Relaxation:
    """Outcome of a relaxation.

    Attributes:
        energy: Energy released, kcal/mol, or ``None`` where it could not be computed.
        rmsd: Root mean square distance of heavy atoms before and after, optimally superposed, angstrom;
            ``None`` where there are none.
        converged: Whether forces fell below the limit; if not, ``energy`` is what was released until then.
        problem: Why there is no energy, or ``None``.
    """

    energy: float | None
    rmsd: float | None
    converged: bool | None
    problem: str | None

    @classmethod
    def impossible(cls, problem: str) -> Relaxation:
        """Nothing could be computed."""
        return cls(None, None, None, problem)

    @classmethod
    def of(
        cls, molecule: Molecule, relaxed: NDArray[np.float64], energy: float, converged: bool
    ) -> Relaxation:
        """Compare a molecule with its relaxed coordinates.

        Args:
            molecule: Before.
            relaxed: ``(n, 3)`` coordinates after, angstrom.
            energy: Energy released, kcal/mol.
            converged: Whether forces fell below the limit.
        """
        if not (np.isfinite(energy) and np.isfinite(relaxed).all()):
            return cls.impossible("its energy is not finite")
        if energy < -RAISED:
            # Walking downhill cannot do that on one energy surface: the method jumped between two.
            return cls.impossible(f"it ended {-energy:.1f} kcal/mol higher than it began")
        heavy = molecule.numbers > 1
        rmsd = superposed_rmsd(molecule.pos[heavy], relaxed[heavy]) if heavy.any() else None
        return cls(float(energy), rmsd, converged, None)

    def columns(self, prefix: str) -> dict[str, bool | float | str | None]:
        """Return ``<prefix>_energy``, ``_rmsd``, ``_converged`` and ``_problem``."""
        return {
            f"{prefix}_energy": self.energy,
            f"{prefix}_rmsd": self.rmsd,
            f"{prefix}_converged": self.converged,
            f"{prefix}_problem": self.problem,
        }


def superposed_rmsd(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Least root mean square distance over translations and rotations (Kabsch 1976), no reflections.

    Args:
        first: ``(n, 3)`` points, angstrom, at least one.
        second: ``(n, 3)`` points in the same order.
    """
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    u, _, vt = np.linalg.svd(first.T @ second)
    u[:, -1] *= np.sign(np.linalg.det(u @ vt))
    return float(np.sqrt(np.square(first @ u @ vt - second).sum(axis=1).mean()))
