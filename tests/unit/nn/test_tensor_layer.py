"""The tensor layer: paths, gates, weights and the way messages fade at the cutoff."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from e3nn.o3 import Irreps, SphericalHarmonics
from torch import Tensor
from torch_geometric.data import Data

from molgen.core.geometry import random_rotation
from molgen.nn.tensor_layer import EdgeWeights, TensorLayer, depthwise_product, gate_onto

IRREPS = Irreps("4x0e+3x1o+2x2e")
EDGES = Irreps.spherical_harmonics(2)


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    """Build e3nn modules in float64, their constants too."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def ring_graph(vectors: Tensor) -> Data:
    """Three atoms, each hearing the one before it, over the given ``(3, 3)`` edge vectors."""
    harmonics = SphericalHarmonics(EDGES, normalize=False, normalization="component")
    return Data(
        num_nodes=3,
        edge_index=torch.tensor([[2, 0, 1], [0, 1, 2]]),
        segments=torch.arange(4),
        edge_harmonics=harmonics(vectors),
        edge_basis=vectors.square().sum(dim=1, keepdim=True).expand(3, 5),
        edge_weight=torch.ones(3),
        node_scale=torch.ones(3, 1),
    )


def test_product_takes_every_path_and_keeps_channels() -> None:
    """Eleven couplings of l = 0, 1, 2 with harmonics of l = 0, 1, 2 keep parity and end in the irreps."""
    product = depthwise_product(IRREPS, EDGES)
    paths = {
        (IRREPS[i.i_in1].ir.l, EDGES[i.i_in2].ir.l, product.irreps_out[i.i_out].ir.l)
        for i in product.instructions
    }
    assert paths == {
        (0, 0, 0), (0, 1, 1), (0, 2, 2), (1, 0, 1), (1, 1, 0), (1, 1, 2), (1, 2, 1), (2, 0, 2), (2, 1, 1),
        (2, 2, 0), (2, 2, 2),
    }  # fmt: skip
    assert product.weight_numel == 3 * 4 + 4 * 3 + 4 * 2
    assert {ir for _, ir in product.irreps_out} == {ir for _, ir in IRREPS}


@pytest.mark.parametrize("text", ["4x0e+3x1o+2x2e", "4x0e+2x0o+3x1o+1x1e", "5x0e+1x1o"])
def test_gate_ends_in_the_nodes_irreps(text: str) -> None:
    """So that the residual can be added."""
    assert gate_onto(Irreps(text)).irreps_out == Irreps(text)


def test_edge_weights_are_a_network_of_the_joined_inputs() -> None:
    """Splitting the first linear layer changes nothing but the cost."""
    network = EdgeWeights(num_scalars=4, num_basis=5, width=6, num_weights=7)
    graph = ring_graph(torch.randn(3, 3, generator=torch.Generator().manual_seed(0)))
    graph.edge_weight = torch.tensor([0.0, 0.5, 1.0])
    scalars = torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    whole = torch.cat([network.radial.weight, network.sender.weight, network.receiver.weight], dim=1)
    normal = network.norm(scalars)
    sender, receiver = graph.edge_index
    joined = torch.cat([graph.edge_basis, normal[sender], normal[receiver]], dim=1)
    hidden = torch.nn.functional.silu(joined @ whole.T + network.radial.bias)
    expected = (hidden @ network.out.weight.T) * graph.edge_weight.unsqueeze(1)
    torch.testing.assert_close(network(scalars, graph), expected)
    assert not expected[0].any()


@pytest.mark.parametrize("sign", [1, -1])
def test_layer_is_equivariant_on_every_irrep(sign: int) -> None:
    """Rotating features and edges, with or without inversion, rotates the result: l = 2 included."""
    generator = torch.Generator().manual_seed(0)
    layer = TensorLayer(IRREPS, EDGES, num_basis=5, width=8)
    h, vectors = torch.randn(3, IRREPS.dim, generator=generator), torch.randn(3, 3, generator=generator)
    matrix = sign * random_rotation(1, generator, torch.float64)[0]
    turn = IRREPS.D_from_matrix(matrix)
    moved = layer(h @ turn.T, ring_graph(vectors @ matrix.T))
    torch.testing.assert_close(moved, layer(h, ring_graph(vectors)) @ turn.T, atol=1e-10, rtol=0)


def test_gradients_agree_with_finite_differences() -> None:
    """Through segments, products and gates, to features and to edge vectors."""
    generator = torch.Generator().manual_seed(0)
    layer = TensorLayer(IRREPS, EDGES, num_basis=5, width=8)
    h = torch.randn(3, IRREPS.dim, generator=generator, requires_grad=True)
    vectors = torch.randn(3, 3, generator=generator, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a, b: layer(a, ring_graph(b)), (h, vectors))


def test_an_atom_without_neighbours_gets_no_message() -> None:
    """Its update depends on itself alone."""
    layer = TensorLayer(IRREPS, EDGES, num_basis=5, width=8)
    h = torch.randn(3, IRREPS.dim, generator=torch.Generator().manual_seed(0))
    graph = ring_graph(torch.ones(3, 3))
    alone = Data(
        num_nodes=3,
        edge_index=graph.edge_index[:, :0],
        segments=torch.zeros(4, dtype=torch.int64),
        edge_harmonics=graph.edge_harmonics[:0],
        edge_basis=graph.edge_basis[:0],
        edge_weight=graph.edge_weight[:0],
        node_scale=graph.node_scale,
    )
    expected = h + layer.gate(
        layer.linear_out(torch.zeros(3, layer.product.irreps_out.dim)) + layer.self_interaction(h)
    )
    torch.testing.assert_close(layer(h, alone), expected)
    assert not torch.allclose(layer(h, graph), expected)
