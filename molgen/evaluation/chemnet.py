"""ChemNet's view of molecules, from which the Frechet ChemNet distance is made.

Preuer et al., "Frechet ChemNet Distance", J. Chem. Inf. Model. 58, 1736, 2018. The network and its weights
are those that the package ``fcd`` carries. Of a set of molecules only the mean and the covariance of the
activations are kept, the covariance as rounded correlations, so that a reference stays small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from molgen.core.errors import InputError

PREFIX = "chemnet"
PARTS = ("molecules", "mean", "deviation", "correlation")
SCALE = 8191
"""Steps of a correlation: 8191 keep distances to 0.00002 and take 30 KB less than 32767."""
BATCH = 128
LENGTH = 350
"""Characters to which SMILES are padded; longer ones would change the meaning of the activations."""


@dataclass(frozen=True, eq=False)
class ChemNetStatistics:
    """Mean and covariance of ChemNet's activations over a set of molecules.

    Attributes:
        molecules: Number of molecules.
        mean: ``(F,)`` float64.
        covariance: ``(F, F)`` float64, symmetric.
    """

    molecules: int
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @classmethod
    def of(cls, smiles: Sequence[str]) -> ChemNetStatistics:
        """Run ChemNet over SMILES, at least two; about 6 ms each on one core.

        Raises:
            ModuleNotFoundError: The package ``fcd`` is not installed.
        """
        found = activations(smiles)
        return cls(len(found), found.mean(axis=0), np.cov(found.T))

    def distance(self, other: ChemNetStatistics) -> float:
        """Return the Frechet distance of the two Gaussians (Dowson and Landau 1982); it has no unit."""
        root = _root(self.covariance)
        # The trace of the root of C1 C2 is that of (C1^1/2 C2 C1^1/2)^1/2, which is symmetric.
        cross = np.sqrt(np.linalg.eigvalsh(root @ other.covariance @ root).clip(min=0)).sum()
        spread = np.trace(self.covariance) + np.trace(other.covariance) - 2 * cross
        return max(0.0, float(((self.mean - other.mean) ** 2).sum() + spread))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return arrays named ``chemnet/<part>``; the correlation's upper triangle in steps of 1/8191."""
        deviation = np.sqrt(self.covariance.diagonal())
        safe = np.where(deviation > 0, deviation, 1.0)
        correlation = (self.covariance / np.outer(safe, safe)).clip(-1, 1)
        upper = correlation[np.triu_indices(len(deviation))]
        parts = (
            np.array(self.molecules, dtype=np.int64),
            self.mean.astype(np.float32),
            deviation.astype(np.float32),
            np.rint(upper * SCALE).astype(np.int16),
        )
        return {f"{PREFIX}/{name}": part for name, part in zip(PARTS, parts, strict=True)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> ChemNetStatistics | None:
        """Read what :meth:`to_arrays` made; ``None`` where there is nothing of it.

        Raises:
            InputError: A part is missing or does not fit the others.
        """
        keys = [f"{PREFIX}/{part}" for part in PARTS]
        if not any(key in arrays for key in keys):
            return None
        missing = [key for key in keys if key not in arrays]
        if missing:
            raise InputError(f"it lacks the arrays {missing}; make the reference again")
        molecules, mean, deviation, upper = (arrays[key] for key in keys)
        width = mean.size
        shapes = [part.shape for part in (molecules, mean, deviation, upper)]
        if shapes != [(), (width,), (width,), (width * (width + 1) // 2,)] or upper.dtype != np.int16:
            raise InputError(f"its ChemNet statistics have shapes {shapes}; make the reference again")
        correlation = np.zeros((width, width))
        correlation[np.triu_indices(width)] = upper / SCALE
        correlation += np.triu(correlation, 1).T
        scale = deviation.astype(np.float64)
        return cls(int(molecules), mean.astype(np.float64), correlation * np.outer(scale, scale))


def activations(smiles: Sequence[str]) -> NDArray[np.float64]:
    """Return ChemNet's activations of SMILES, ``(len(smiles), 512)``.

    Raises:
        ModuleNotFoundError: The package ``fcd`` is not installed.
        InputError: A SMILES is longer than ChemNet takes.
    """
    from fcd.fcd import load_ref_model
    from fcd.utils import SmilesDataset

    long = [s for s in smiles if len(s) >= LENGTH]
    if long:
        raise InputError(f"ChemNet takes SMILES of fewer than {LENGTH} characters, got {len(long[0])}")
    model = load_ref_model()
    found = []
    with torch.inference_mode():
        for start in range(0, len(smiles), BATCH):
            coded = SmilesDataset(smiles[start : start + BATCH], pad_len=LENGTH)
            batch = torch.from_numpy(np.stack([coded[index] for index in range(len(coded))]))
            found.append(model(batch.float().transpose(1, 2)).double().numpy())
    joined: NDArray[np.float64] = np.concatenate(found)
    return joined


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(matrix)
    root: NDArray[np.float64] = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    return root
