"""Which atoms see each other.

The cutoff of the graph must be the radius where every message vanishes (:mod:`molgen.nn.radial`), or energies
of motion would jump when an atom crosses it. It stands apart, as it needs PyTorch Geometric.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from molgen.core.batch import pair_mask
from molgen.core.geometry import pairwise_differences
from molgen.nn.radial import soft_norm


def radius_graph(pos: Tensor, mask: Tensor, cutoff: float) -> Data:
    """Connect all pairs of real atoms of one molecule that are closer than the cutoff.

    Nodes are the real atoms in the order of the flattened mask. Edges come sorted by receiving atom,
    so sums over neighbours are sums over contiguous segments, which are reproducible on every device.

    Args:
        pos: ``(B, N, 3)``, noise units.
        mask: ``(B, N)`` bool.
        cutoff: Largest softened distance, noise units.

    Returns:
        A graph of ``M`` nodes and ``E`` edges with ``edge_index`` ``(2, E)`` (sender, receiver),
        ``edge_vector`` ``(E, 3)`` from sender to receiver, ``edge_length`` ``(E,)`` softened, and
        ``segments`` ``(M + 1,)``, where each receiver's edges start.
    """
    vectors = pairwise_differences(pos)
    lengths = soft_norm(vectors)
    near = pair_mask(mask) & (lengths < cutoff)
    molecule, receiver, sender = near.nonzero(as_tuple=True)
    node = mask.flatten().cumsum(dim=0).view_as(mask) - 1
    return Data(
        num_nodes=int(mask.sum()),
        edge_index=torch.stack([node[molecule, sender], node[molecule, receiver]]),
        edge_vector=vectors[molecule, receiver, sender],
        edge_length=lengths[molecule, receiver, sender],
        segments=nn.functional.pad(near.sum(dim=-1)[mask].cumsum(dim=0), (1, 0)),
    )
