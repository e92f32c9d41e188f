"""One layer of equivariant message passing with irreducible tensors.

Messages are tensor products of a neighbour's features with the spherical harmonics of the edge (Thomas
et al., "Tensor field networks", 2018), weighted by a small network of the distance and, as in later work
on the same scheme (Batzner et al., "NequIP", 2022), followed by gates and a residual. The weights also see
the invariants of both end atoms, because a noisy distance alone says little about a pair.
"""

from __future__ import annotations

import torch
from e3nn.nn import Gate
from e3nn.o3 import Irreps, Linear, TensorProduct
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.utils import segment


class EdgeWeights(nn.Module):
    """Weights of an edge's tensor product from its distance and the scalars of its two atoms.

    The first linear layer on the joined inputs is split into node-wise products and an edge-wise one:
    the same function at a fraction of the cost. Scalars are normalised first, so that messages grow in
    proportion to the features and not with their square.

    Args:
        num_scalars: Scalars ``S`` of an atom.
        num_basis: Radial functions ``D`` of an edge.
        width: Hidden width.
        num_weights: Weights ``W`` of the tensor product.
    """

    def __init__(self, num_scalars: int, num_basis: int, width: int, num_weights: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(num_scalars)
        self.radial = nn.Linear(num_basis, width)
        self.sender = nn.Linear(num_scalars, width, bias=False)
        self.receiver = nn.Linear(num_scalars, width, bias=False)
        self.out = nn.Linear(width, num_weights, bias=False)

    def forward(self, scalars: Tensor, graph: Data) -> Tensor:
        """Compute the weights, which vanish smoothly at the cutoff.

        Args:
            scalars: ``(M, S)`` invariant features of the atoms.
            graph: Edges with ``edge_basis`` ``(E, D)`` and ``edge_weight`` ``(E,)``.

        Returns:
            ``(E, W)``.
        """
        sender, receiver = graph.edge_index
        scalars = self.norm(scalars)
        pair = self.sender(scalars)[sender] + self.receiver(scalars)[receiver]
        hidden = nn.functional.silu(self.radial(graph.edge_basis) + pair)
        return self.out(hidden) * graph.edge_weight.unsqueeze(-1)


class TensorLayer(nn.Module):
    """``h_i + gate(A sum_j w_ij (B h_j) x Y(r_ij) + C h_i)`` with linear maps ``A``, ``B``, ``C``.

    Args:
        irreps: Node features, the even scalars first.
        irreps_edge: Spherical harmonics of the edges.
        num_basis: Radial functions of an edge.
        width: Hidden width of the network that makes the edge weights.
    """

    def __init__(self, irreps: Irreps, irreps_edge: Irreps, num_basis: int, width: int) -> None:
        super().__init__()
        gate = gate_onto(irreps)
        self.num_scalars = irreps[0].mul
        self.linear_in = Linear(irreps, irreps)
        self.product = depthwise_product(irreps, irreps_edge)
        self.weights = EdgeWeights(self.num_scalars, num_basis, width, self.product.weight_numel)
        self.linear_out = Linear(self.product.irreps_out.simplify(), gate.irreps_in)
        self.self_interaction = Linear(irreps, gate.irreps_in, biases=True)
        self.gate = gate

    def forward(self, h: Tensor, graph: Data) -> Tensor:
        """Update the node features.

        Args:
            h: ``(M, irreps.dim)``.
            graph: As ``TensorField.edges`` makes it: ``edge_index``, ``segments``, ``edge_harmonics``
                ``(E, irreps_edge.dim)``, ``edge_basis``, ``edge_weight``.

        Returns:
            ``(M, irreps.dim)``.
        """
        weights = self.weights(h[:, : self.num_scalars], graph)
        neighbours = self.linear_in(h)[graph.edge_index[0]]
        messages = self.product(neighbours, graph.edge_harmonics, weights)
        received = segment(messages, graph.segments) * graph.node_scale
        return h + self.gate(self.linear_out(received) + self.self_interaction(h))


def depthwise_product(irreps: Irreps, irreps_edge: Irreps) -> TensorProduct:
    """Tensor product that keeps channels apart, over every path that ends in the node's irreps.

    Channels are mixed by the linear maps before and after, node-wise, where it is cheap.
    """
    paths = [
        (i, j, mul, ir_out)
        for i, (mul, ir) in enumerate(irreps)
        for j, (_, ir_edge) in enumerate(irreps_edge)
        for ir_out in ir * ir_edge
        if ir_out in irreps
    ]
    irreps_out, position, _ = Irreps([(mul, ir_out) for *_, mul, ir_out in paths]).sort()
    instructions = [(i, j, position[k], "uvu", True) for k, (i, j, *_) in enumerate(paths)]
    return TensorProduct(
        irreps, irreps_edge, irreps_out, instructions, shared_weights=False, internal_weights=False
    )


def gate_onto(irreps: Irreps) -> Gate:
    """Gate whose output is ``irreps``: SiLU on the even scalars, a sigmoid scalar on each other tensor."""
    scalars, tensors = irreps[:1], irreps[1:]
    gates = Irreps([(tensors.num_irreps, "0e")])
    return Gate(scalars, [nn.functional.silu], gates, [torch.sigmoid], tensors)
