"""The joint network: dense, pair-biased, equivariant attention over positions, elements, charges and bonds.

Takes a noise level per entry, so that one network serves every task, and the last estimate of the same
chain (self-conditioning; Chen et al. 2023). Layers: :mod:`molgen.nn.pair_attention`.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from molgen.core.batch import FIELDS, MolBatch
from molgen.core.contracts import Condition, LevelSupport, SelfConditionedNetwork, Symmetry
from molgen.core.errors import ConfigError
from molgen.core.geometry import masked_mean, pairwise_differences
from molgen.core.levels import NoiseLevels
from molgen.nn.level_embedding import LEVEL_FEATURES, DistanceFeatures, level_features
from molgen.nn.pair_attention import (
    Frame,
    LayerSizes,
    PairAttentionLayer,
    Streams,
    VectorLinear,
    normalise_vectors,
)

_OFF = -1e9
"""Attention logit of padding: its weight underflows to exactly zero."""
_SOFT = 1e-6
"""Added to squared distances, whose root must have a gradient at coincident atoms."""


class Transformer(SelfConditionedNetwork):
    """Equivariant transformer with narrow pair messages.

    Args:
        dims: Field name to width; ``pos``, per-atom categories and at most one pair field.
        width: Width ``d`` of atom scalars.
        layers: Number of layers.
        pair_width: Width ``e`` of pair messages.
        vectors: Number ``c`` of vector channels.
        heads: Attention heads; divides ``width``.

    Raises:
        ConfigError: A size is not positive or the heads do not divide the width.
    """

    symmetry = Symmetry.E3
    level_support = LevelSupport.PER_ENTRY

    def __init__(
        self,
        dims: Mapping[str, int],
        width: int = 256,
        layers: int = 10,
        pair_width: int = 64,
        vectors: int = 32,
        heads: int = 16,
    ) -> None:
        super().__init__()
        if min(width, layers, pair_width, vectors, heads) < 1 or width % heads:
            raise ConfigError(
                f"transformer needs positive sizes and heads that divide its width; got width {width}, "
                f"layers {layers}, pair_width {pair_width}, vectors {vectors}, heads {heads}"
            )
        scalars = {name: dim for name, dim in dims.items() if not FIELDS[name].vector}
        self.atom_fields = {name: dim for name, dim in scalars.items() if not FIELDS[name].pairwise}
        self.pair_fields = {name: dim for name, dim in scalars.items() if FIELDS[name].pairwise}
        self.cond_width = max(width // 2, 16)
        sizes = LayerSizes(width, pair_width, vectors, heads, self.cond_width)
        per_atom, per_pair = sum(self.atom_fields.values()), sum(self.pair_fields.values())
        levels = LEVEL_FEATURES * (1 + len(self.atom_fields))
        self.distances = DistanceFeatures(16, 5.0)
        pair_inputs = 2 * (per_pair + 16) + LEVEL_FEATURES * len(self.pair_fields) + 1
        self.embed_cond = nn.Sequential(
            nn.Linear(levels + 2, sizes.k), nn.SiLU(), nn.Linear(sizes.k, sizes.k)
        )
        self.embed_atoms = nn.Linear(2 * per_atom + 1 + sizes.k, width)
        self.embed_pairs = nn.Linear(pair_inputs, pair_width)
        self.embed_vectors = VectorLinear(2, vectors)
        self.layers = nn.ModuleList([PairAttentionLayer(sizes) for _ in range(layers)])
        self.read_atoms = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, per_atom))
        self.read_gates = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, vectors))
        self.read_vectors = VectorLinear(vectors, 1)
        if self.pair_fields:
            self.read_pairs = nn.Sequential(
                nn.LayerNorm(pair_width),
                nn.Linear(pair_width, pair_width),
                nn.SiLU(),
                nn.Linear(pair_width, per_pair),
            )

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base.

        Raises:
            ConfigError: A condition is given that the network was not built for.
        """
        asked = self._asked(len(x_t), cond)
        seen = previous is not None
        previous = x_t.map(lambda _, value: torch.zeros_like(value)) if previous is None else previous
        streams, frame = self._embed(x_t, levels, previous, seen)
        if asked is not None:
            frame = frame._replace(cond=frame.cond + asked.unsqueeze(1).to(frame.cond))
        for layer in self.layers:
            streams = layer(streams, frame)
        return self._read(streams, frame, x_t)

    def _asked(self, size: int, cond: Condition | None) -> Tensor | None:
        """Embed what ``size`` molecules are asked to be, ``(size, k)``; here nothing may be asked."""
        if cond:
            raise ConfigError(
                f"this transformer was built without conditions, but got {sorted(cond)}; use "
                "ConditionalTransformer"
            )
        return None

    def _embed(
        self, x_t: MolBatch, levels: NoiseLevels, previous: MolBatch, seen: bool
    ) -> tuple[Streams, Frame]:
        """Streams and frame of the first layer; one row of conditions will do where levels are uniform."""
        mask = x_t.mask.unsqueeze(-1).to(x_t.pos)
        both = (mask.unsqueeze(2) * mask.unsqueeze(1)).squeeze(-1).unsqueeze(1)
        count = mask.sum(dim=1, keepdim=True)
        rows = 1 if levels.even else mask.shape[1]
        size = torch.cat([count / 30, count.log() / 4], dim=-1).expand(-1, rows, 2)
        times = [level_features(levels[name][:, :rows]) for name in ("pos", *self.atom_fields)]
        cond = self.embed_cond(torch.cat([torch.cat(times, dim=-1).to(mask), size], dim=-1))
        frame = Frame(mask, (1 - both) * _OFF, both / count.unsqueeze(1), count, cond)
        atoms = [batch[name] for batch in (x_t, previous) for name in self.atom_fields]
        flag = torch.full_like(mask, float(seen))
        seen_by_atoms = cond.expand(-1, mask.shape[1], -1)
        h = self.embed_atoms(torch.cat([*atoms, flag, seen_by_atoms], dim=-1)) * mask
        places = [batch.pos - masked_mean(batch.pos, batch.mask) * mask for batch in (x_t, previous)]
        v = self.embed_vectors(torch.stack(places, dim=-1))
        return Streams(h, self._embed_pairs(x_t, levels, previous), v), frame

    def _embed_pairs(self, x_t: MolBatch, levels: NoiseLevels, previous: MolBatch) -> Tensor:
        inputs = []
        for batch in (x_t, previous):
            separation = (pairwise_differences(batch.pos).square().sum(dim=-1) + _SOFT).sqrt()
            inputs += [self.distances(separation), *(batch[name] for name in self.pair_fields)]
        inputs += [level_features(levels[name]).to(x_t.pos) for name in self.pair_fields]
        itself = torch.eye(x_t.mask.shape[1], dtype=x_t.pos.dtype, device=x_t.device)
        inputs.append(itself.view(1, *itself.shape, 1).expand(len(x_t), -1, -1, -1))
        return self.embed_pairs(torch.cat(inputs, dim=-1))

    def _read(self, streams: Streams, frame: Frame, x_t: MolBatch) -> MolBatch:
        gates = self.read_gates(streams.h).unsqueeze(2)
        moved = self.read_vectors(normalise_vectors(streams.v, frame) * gates).squeeze(-1) * frame.mask
        atoms = (self.read_atoms(streams.h) * frame.mask).split(list(self.atom_fields.values()), dim=-1)
        outputs = dict(zip(self.atom_fields, atoms, strict=True))
        if self.pair_fields:
            pairs = self.read_pairs(streams.p + streams.p.transpose(1, 2))
            outputs |= dict(
                zip(self.pair_fields, pairs.split(list(self.pair_fields.values()), dim=-1), strict=True)
            )
        # Scores are bf16 under autocast; losses are not taken in it.
        return MolBatch(mask=x_t.mask, pos=moved, **outputs).masked().to(x_t.pos.dtype)
