"""Messages between the atoms of a molecule as dense matrix products, and what atoms make of them.

Features are those of Schuett, Unke, Gastegger, "Equivariant message passing for the prediction of tensorial
properties and molecular spectra" (PaiNN, ICML 2021): scalars and Cartesian vectors per atom, mixed by gates
and inner products. The filters differ: instead of a value per pair and feature, a neighbour's features are
summed with one weight per radial function, which is a product of a geometry matrix and a feature matrix, and
the sums are mixed afterwards. Angles between neighbours enter by inner products of the summed vectors.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from molgen.core.batch import MolBatch, pair_mask
from molgen.core.geometry import pairwise_differences
from molgen.nn.radial import BesselBasis, polynomial_envelope, soft_norm


class AtomFeatures(NamedTuple):
    """What is known of every atom.

    Attributes:
        scalar: ``(B, N, F)``, invariant.
        vector: ``(B, N, 3, V)``, turning with the molecule.
    """

    scalar: Tensor
    vector: Tensor


class Geometry(NamedTuple):
    """Where neighbours are, as matrices that sum over them; zero for padding, and beyond the cutoff.

    Attributes:
        radial: ``(B, N K, N)``: row ``(i, k)`` holds radial function ``k`` at the distances from atom ``i``.
        directed: ``(B, N 3 K, N)``: row ``(i, d, k)`` holds it times component ``d`` of the unit vectors.
        projected: ``(B, N K, 3 N)``: the same, components beside each other instead of below.
    """

    radial: Tensor
    directed: Tensor
    projected: Tensor

    @classmethod
    def of(cls, batch: MolBatch, basis: BesselBasis) -> Geometry:
        """Measure a batch.

        Args:
            batch: Molecules; coordinates in angstrom.
            basis: Radial functions.
        """
        size, atoms = batch.mask.shape
        difference = pairwise_differences(batch.pos)
        distance = soft_norm(difference)
        envelope = polynomial_envelope(distance, basis.cutoff) * pair_mask(batch.mask)
        radial = (basis(distance) * envelope.unsqueeze(-1)).transpose(2, 3)
        direction = (difference / distance.unsqueeze(-1)).transpose(2, 3)
        directed = direction.unsqueeze(3) * radial.unsqueeze(2)
        functions = radial.shape[2]
        return cls(
            radial.reshape(size, atoms * functions, atoms),
            directed.reshape(size, atoms * 3 * functions, atoms),
            directed.transpose(2, 3).reshape(size, atoms * functions, 3 * atoms),
        )


class Interaction(nn.Module):
    """One round of messages and the update of every atom.

    Args:
        width: Scalars per atom ``F``; half as many vectors ``V``.
        messages: Scalars, and vectors, that an atom sends, ``C``.
        functions: Number of radial functions ``K``.
    """

    def __init__(self, width: int, messages: int, functions: int) -> None:
        super().__init__()
        vectors = width // 2
        summed = 2 * functions * messages
        self.normalise = nn.LayerNorm(width)
        self.send = nn.Linear(width, messages)
        self.send_vector = nn.Linear(vectors, messages, bias=False)
        self.receive_vector = nn.Linear(summed, vectors, bias=False)
        self.mix_vector = nn.Linear(vectors, 2 * vectors, bias=False)
        self.receive = nn.Linear(width + summed + vectors, width)
        self.update = nn.Sequential(
            nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width + vectors)
        )

    def forward(self, atoms: AtomFeatures, geometry: Geometry) -> AtomFeatures:
        """Send, receive and update.

        Args:
            atoms: Features of the real and padded atoms.
            geometry: Neighbours, of which padding has none.

        Returns:
            Features of the same shapes.
        """
        scalar, vector = atoms
        size, count, width = scalar.shape
        known = self.normalise(scalar)
        sent, sent_vector = self.send(known), self.send_vector(vector)
        channels = sent.shape[-1]
        by_axis = sent_vector.transpose(1, 2).reshape(size, 3 * count, channels)
        from_scalars = (geometry.radial @ sent).view(size, count, -1)
        from_projections = (geometry.projected @ by_axis).view(size, count, -1)
        along = (geometry.directed @ sent).view(size, count, 3, -1)
        carried = (geometry.radial @ sent_vector.reshape(size, count, 3 * channels)).view(
            size, count, -1, 3, channels
        )
        carried = carried.transpose(2, 3).reshape(size, count, 3, -1)
        vector = vector + self.receive_vector(torch.cat([along, carried], dim=-1))
        first, second = self.mix_vector(vector).chunk(2, dim=-1)
        inner = (first * second).sum(dim=2)
        change = self.update(self.receive(torch.cat([known, from_scalars, from_projections, inner], dim=-1)))
        new, gate = change.split([width, vector.shape[-1]], dim=-1)
        return AtomFeatures(scalar + new, vector + gate.unsqueeze(2) * first)
