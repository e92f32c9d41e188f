"""The EGNN layer: the split first layer of its edge networks equals the whole one."""

from __future__ import annotations

import torch

from molgen.core import pair_mask
from molgen.nn.egnn_layer import EdgeInput, EGNNLayer


def test_edge_input_is_a_linear_map_of_the_joined_pair() -> None:
    """Linear([h_i, h_j, d_ij]) for all pairs, at a fraction of the cost."""
    generator = torch.Generator().manual_seed(0)
    split = EdgeInput(width=6, distances=2, out=5)
    h, d = torch.randn(2, 4, 6, generator=generator), torch.randn(2, 4, 4, 2, generator=generator)
    h_i, h_j = h.unsqueeze(2).expand(2, 4, 4, 6), h.unsqueeze(1).expand(2, 4, 4, 6)
    whole = torch.cat([split.weight_i, split.weight_j, split.weight_d], dim=1)
    expected = torch.nn.functional.linear(torch.cat([h_i, h_j, d], dim=-1), whole, split.bias)
    torch.testing.assert_close(split(h, d), expected)


def test_coordinate_step_is_bounded() -> None:
    """However large the weights, one neighbour moves an atom by less than the range."""
    layer = EGNNLayer(width=8, coord_range=1.5)
    with torch.no_grad():
        layer.coord_output.weight.fill_(1e6)
    generator = torch.Generator().manual_seed(0)
    h, x = torch.randn(4, 2, 8, generator=generator), torch.randn(4, 2, 3, generator=generator)
    mask = pair_mask(torch.ones(4, 2, dtype=torch.bool)).unsqueeze(-1).float()
    _, moved = layer(h, x, torch.zeros(4, 2, 2, 1), mask)
    steps = (moved - x).norm(dim=-1)
    assert (steps < 1.5).all()
    assert (steps > 0.1).any()
