"""From what the network says of atoms to a number of the molecule, as the physics of each property has it.

Polarisability and heat capacity are sums over atoms; orbital energies belong to the molecule as a whole and
do not grow with it; the dipole moment is the length of a vector made of atomic charges and atomic dipoles, as
in Schuett, Unke, Gastegger (ICML 2021).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from molgen.core.batch import MolBatch
from molgen.core.errors import ConfigError
from molgen.core.geometry import centre


class AtomOutputs(NamedTuple):
    """What the network says of every atom for one property.

    Attributes:
        scalar: ``(B, N, S)``, invariant, of order 1.
        vector: ``(B, N, 3, W)``, turning with the molecule, of order 1.
    """

    scalar: Tensor
    vector: Tensor


class Readout(ABC):
    """Reduces the outputs for one property to one number per molecule.

    Args:
        std: Spread of the property that is left to the network, in its unit; losses are divided by it.

    Raises:
        ConfigError: The spread is not positive.
    """

    scalars: ClassVar[int]
    """Scalars per atom that it needs."""
    vectors: ClassVar[int] = 0
    """Vectors per atom that it needs."""

    def __init__(self, std: float) -> None:
        if not std > 0:
            raise ConfigError(f"a readout needs a positive std, in the unit of its property, got {std}")
        self.std = std

    @property
    def num_elements(self) -> int | None:
        """Number of elements that it has values for; ``None`` if it takes any."""
        return None

    @abstractmethod
    def __call__(self, outputs: AtomOutputs, batch: MolBatch) -> Tensor:
        """Reduce.

        Args:
            outputs: Of the network; those of padded atoms hold anything finite.
            batch: The molecules, with ``pos`` in angstrom and ``atom``.

        Returns:
            ``(B,)`` in the property's unit.
        """


class AtomSum(Readout):
    """Sum over atoms of a reference value of the element and what the network adds.

    Args:
        std: See base.
        references: One per element of the vocabulary, in its order, in the property's unit.
    """

    scalars = 1

    def __init__(self, std: float, references: Sequence[float]) -> None:
        super().__init__(std)
        self.references = tuple(references)

    @property
    def num_elements(self) -> int | None:
        """See base."""
        return len(self.references)

    def __call__(self, outputs: AtomOutputs, batch: MolBatch) -> Tensor:
        """See base."""
        known = (batch["atom"] @ batch.pos.new_tensor(self.references)).sum(dim=1)
        return known + self.std * (outputs.scalar[..., 0] * batch.mask).sum(dim=1)


class AttentionMean(Readout):
    """Mean over atoms of what the network says, weighted by its own attention.

    Args:
        std: See base.
        mean: Mean of the property over the training molecules, in its unit.
    """

    scalars = 2

    def __init__(self, std: float, mean: float) -> None:
        super().__init__(std)
        self.mean = mean

    def __call__(self, outputs: AtomOutputs, batch: MolBatch) -> Tensor:
        """See base."""
        value, score = outputs.scalar.unbind(dim=-1)
        weight = score.masked_fill(~batch.mask, -torch.inf).softmax(dim=1)
        return self.mean + self.std * (weight * value).sum(dim=1)


class DipoleLength(Readout):
    """Length of the sum of charges times positions and of atomic dipoles; the charges sum to zero."""

    scalars = 1
    vectors = 1
    _SOFTENING = 1e-3
    """Added in quadrature, so that a vanishing dipole has a gradient; in standard deviations."""

    def __call__(self, outputs: AtomOutputs, batch: MolBatch) -> Tensor:
        """See base."""
        charges = centre(outputs.scalar, batch.mask)
        dipoles = outputs.vector[..., 0] * batch.mask.unsqueeze(-1)
        moment = (charges * batch.pos + dipoles).sum(dim=1)
        return self.std * (moment.square().sum(dim=-1) + self._SOFTENING**2).sqrt()
