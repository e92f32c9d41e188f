"""EDM's network: a fully connected EGNN on noisy atoms (Hoogeboom et al. 2022, appendix C)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from molgen.core.batch import FIELDS, MolBatch, pair_mask
from molgen.core.contracts import Condition, LevelSupport, Network, Symmetry
from molgen.core.errors import ConfigError
from molgen.core.geometry import centre, pairwise_differences
from molgen.core.levels import NoiseLevels
from molgen.nn.egnn_layer import EGNNLayer


class EGNN(Network):
    """Dense EGNN; the published sizes are 9 layers of width 256.

    Args:
        dims: Field name to width; positions and any per-atom scalar fields.
        width: Width of node features and messages.
        layers: Number of equivariant blocks.
        coord_range: Bound of the coordinate messages, shared by the layers, in noise units.

    Raises:
        ConfigError: A field is per pair, or a size is not positive.
    """

    symmetry = Symmetry.E3
    level_support = LevelSupport.PER_MOLECULE

    def __init__(
        self, dims: Mapping[str, int], width: int = 256, layers: int = 9, coord_range: float = 15.0
    ) -> None:
        super().__init__()
        pairwise = [name for name in dims if FIELDS[name].pairwise]
        if pairwise or width < 1 or layers < 1:
            raise ConfigError(
                f"egnn takes per-atom fields and positive sizes; got pair fields {pairwise}, width {width}, "
                f"layers {layers}"
            )
        self.features = {name: dim for name, dim in dims.items() if not FIELDS[name].vector}
        total = sum(self.features.values())
        self.embed = nn.Linear(total + 1, width)
        self.layers = nn.ModuleList([EGNNLayer(width, coord_range / layers) for _ in range(layers)])
        self.readout = nn.Linear(width, total)

    def forward(self, x_t: MolBatch, levels: NoiseLevels, cond: Condition | None = None) -> MolBatch:
        """See base.

        Raises:
            LevelSupportError: The levels differ within a molecule.
            ConfigError: A condition is given.
        """
        if cond:
            raise ConfigError(f"egnn takes no conditions; got {sorted(cond)}")
        node_mask = x_t.mask.unsqueeze(-1).to(x_t.pos)
        edge_mask = pair_mask(x_t.mask).unsqueeze(-1).to(x_t.pos)
        time = levels.per_molecule().to(x_t.pos).view(-1, 1, 1).expand_as(node_mask)
        h = self.embed(torch.cat([*(x_t[name] for name in self.features), time], dim=-1)) * node_mask
        x = x_t.pos
        initial = pairwise_differences(x).square().sum(dim=-1, keepdim=True)
        for layer in self.layers:
            h, x = layer(h, x, initial, edge_mask)
            h = h * node_mask
        outputs = (self.readout(h) * node_mask).split(list(self.features.values()), dim=-1)
        return MolBatch(
            mask=x_t.mask,
            pos=centre(x - x_t.pos, x_t.mask),
            **dict(zip(self.features, outputs, strict=True)),
        )
