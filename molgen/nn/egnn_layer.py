"""The equivariant graph layer of EDM (Satorras et al. 2021; Hoogeboom et al. 2022, appendix C), dense.

The first linear map of an edge MLP acts on ``[h_i, h_j, d_ij^2, d0_ij^2]``. It is linear, so it splits
into two node-wise maps and one on the distances: the same function at ``O(N)`` instead of ``O(N^2)``
matrix products.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from molgen.core.geometry import pairwise_differences


class EdgeInput(nn.Module):
    """``Linear([h_i, h_j, d_ij])`` for all pairs, split into node-wise parts.

    Args:
        width: Width of node features.
        distances: Number of scalar pair features.
        out: Output width.
    """

    def __init__(self, width: int, distances: int, out: int) -> None:
        super().__init__()
        whole = nn.Linear(2 * width + distances, out)
        weight_i, weight_j, weight_d = whole.weight.detach().split([width, width, distances], dim=1)
        self.weight_i = nn.Parameter(weight_i.clone())
        self.weight_j = nn.Parameter(weight_j.clone())
        self.weight_d = nn.Parameter(weight_d.clone())
        self.bias = nn.Parameter(whole.bias.detach().clone())

    def forward(self, h: Tensor, distances: Tensor) -> Tensor:
        """Map ``h (B, N, width)`` and ``distances (B, N, N, distances)`` to ``(B, N, N, out)``."""
        part_i = nn.functional.linear(h, self.weight_i, self.bias).unsqueeze(2)
        part_j = nn.functional.linear(h, self.weight_j).unsqueeze(1)
        return part_i + part_j + distances @ self.weight_d.t()


class EGNNLayer(nn.Module):
    """One equivariant block: a graph convolution of ``h``, then an update of ``x``.

    Args:
        width: Width of node features and messages.
        coord_range: Bound of one layer's coordinate message (``tanh`` times this), in input units.
        norm_constant: Added to a pair's distance before differences are divided by it.
    """

    def __init__(self, width: int, coord_range: float, norm_constant: float = 1.0) -> None:
        super().__init__()
        self.coord_range = coord_range
        self.norm_constant = norm_constant
        self.edge_input = EdgeInput(width, 2, width)
        self.edge_output = nn.Sequential(nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.attention = nn.Sequential(nn.Linear(width, 1), nn.Sigmoid())
        self.node = nn.Sequential(nn.Linear(2 * width, width), nn.SiLU(), nn.Linear(width, width))
        self.coord_input = EdgeInput(width, 2, width)
        self.coord_hidden = nn.Sequential(nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.coord_output = nn.Linear(width, 1, bias=False)
        nn.init.xavier_uniform_(self.coord_output.weight, gain=1e-3)

    def forward(self, h: Tensor, x: Tensor, initial: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Update features and coordinates.

        Args:
            h: ``(B, N, width)``.
            x: ``(B, N, 3)``.
            initial: ``(B, N, N, 1)`` squared distances of the network's input.
            mask: ``(B, N, N, 1)`` 1 for pairs of different real atoms, else 0; float.

        Returns:
            New ``h`` and ``x``; padded atoms of ``x`` do not move, those of ``h`` are the caller's to mask.
        """
        h = self._update_features(h, x, initial, mask)
        return h, self._update_coordinates(h, x, initial, mask)

    def _update_features(self, h: Tensor, x: Tensor, initial: Tensor, mask: Tensor) -> Tensor:
        radial = pairwise_differences(x).square().sum(dim=-1, keepdim=True)
        message = self.edge_output(self.edge_input(h, torch.cat([radial, initial], dim=-1)))
        aggregated = (message * (self.attention(message) * mask)).sum(dim=2)
        return h + self.node(torch.cat([h, aggregated], dim=-1))

    def _update_coordinates(self, h: Tensor, x: Tensor, initial: Tensor, mask: Tensor) -> Tensor:
        difference = pairwise_differences(x)
        radial = difference.square().sum(dim=-1, keepdim=True)
        hidden = self.coord_hidden(self.coord_input(h, torch.cat([radial, initial], dim=-1)))
        scale = torch.tanh(self.coord_output(hidden)) * self.coord_range
        # The small constant keeps the gradient of the square root finite for coincident atoms (EDM).
        direction = difference / (torch.sqrt(radial + 1e-8) + self.norm_constant)
        return x + (direction * scale * mask).sum(dim=2)
