"""PropertyNetwork: properties of molecules from elements and coordinates alone.

It needs no bonds, so that it judges molecules of any origin. Its answers do not change when a molecule is
moved, turned or reflected, when its atoms are renumbered, or when more padding is added.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from molgen.core.batch import MolBatch
from molgen.core.errors import ConfigError
from molgen.core.vocab import Vocab
from molgen.nn.radial import BesselBasis
from molgen.regression.interaction import AtomFeatures, Geometry, Interaction
from molgen.regression.readouts import AtomOutputs, Readout


class PropertyNetwork(nn.Module):
    """Rounds of messages shared by all properties, and a readout for each.

    Args:
        vocab: Elements that it knows.
        readouts: Property name to its readout.
        basis: Radial functions of the distance in angstrom, up to their cutoff.
        width: Scalars per atom, an even number; half as many vectors.
        layers: Rounds of messages.
        messages: Scalars, and vectors, that an atom sends in each round.

    Raises:
        ConfigError: There is no readout, one does not fit the elements, or the width is odd.
    """

    def __init__(
        self,
        vocab: Vocab,
        readouts: Mapping[str, Readout],
        basis: BesselBasis,
        width: int = 128,
        layers: int = 4,
        messages: int = 32,
    ) -> None:
        super().__init__()
        if not readouts or width % 2:
            raise ConfigError(
                f"a property network needs readouts and an even width, got {list(readouts)}, {width}"
            )
        for name, readout in readouts.items():
            if readout.num_elements not in (None, vocab.num_elements):
                raise ConfigError(
                    f"the readout of {name} has reference values of {readout.num_elements} elements, the "
                    f"vocabulary is {vocab.elements}; give one value for each"
                )
        self.vocab = vocab
        self.readouts = dict(readouts)
        self.basis = basis
        self.embed = nn.Linear(vocab.num_elements, width)
        self.layers = nn.ModuleList(Interaction(width, messages, len(basis.order)) for _ in range(layers))
        scalars = sum(readout.scalars for readout in readouts.values())
        self.scalar_head = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.SiLU(), nn.Linear(2 * width, scalars)
        )
        self.vector_head = nn.Linear(width // 2, sum(r.vectors for r in readouts.values()), bias=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Properties that it predicts."""
        return tuple(self.readouts)

    def forward(self, batch: MolBatch) -> dict[str, Tensor]:
        """Predict.

        Args:
            batch: Molecules with ``pos`` in angstrom and one-hot ``atom``.

        Returns:
            Property name to ``(B,)`` values in its unit.
        """
        features = self.describe(batch)
        scalars = self.scalar_head(features.scalar).split([r.scalars for r in self.readouts.values()], dim=-1)
        vectors = self.vector_head(features.vector).split([r.vectors for r in self.readouts.values()], dim=-1)
        return {
            name: readout(AtomOutputs(scalar, vector), batch)
            for (name, readout), scalar, vector in zip(self.readouts.items(), scalars, vectors, strict=True)
        }

    def describe(self, batch: MolBatch) -> AtomFeatures:
        """Return the features of every atom after all rounds; those of padding hold anything finite."""
        scalar = self.embed(batch["atom"])
        vector = scalar.new_zeros(*batch.mask.shape, 3, scalar.shape[-1] // 2)
        features, geometry = AtomFeatures(scalar, vector), Geometry.of(batch, self.basis)
        for layer in self.layers:
            features = layer(features, geometry)
        return features

    def errors(self, batch: MolBatch) -> dict[str, Tensor]:
        """Absolute error of every prediction.

        Args:
            batch: Molecules whose labels are the properties, NaN where one is not known.

        Returns:
            Property name to ``(M,)`` errors of the molecules whose property is known, in its unit.
        """
        return {
            name: (predicted - batch.labels[name]).abs()[torch.isfinite(batch.labels[name])]
            for name, predicted in self(batch).items()
        }
