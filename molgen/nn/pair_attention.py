"""One layer of the joint network: narrow pair messages that steer scalars, vectors and pairs.

All pairs of a molecule are seen, at the price of ``N^2`` narrow messages. A message reads both atoms, the
pair and the scalar products of their vectors, and gives attention logits, gates of vectors and an update
of the pair (after the pattern of SemlaFlow's latent attention, Irwin et al. 2024, and of EQGAT-diff, Le et
al. 2024). Scalars are invariant and vectors equivariant under O(3): only scalar products are formed.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

_SMALL = 1e-3
"""Added to mean vector lengths: a molecule of one atom has vectors of length zero."""


class Streams(NamedTuple):
    """What flows from layer to layer.

    Attributes:
        h: ``(B, N, d)`` invariant scalars of atoms.
        p: ``(B, N, N, e)`` invariant scalars of ordered pairs, an atom with itself included.
        v: ``(B, N, 3, c)`` equivariant vectors of atoms, noise units.
    """

    h: Tensor
    p: Tensor
    v: Tensor


class Frame(NamedTuple):
    """What all layers read.

    Attributes:
        mask: ``(B, N, 1)`` float, 1 for real atoms.
        pair_bias: ``(B, N, N, 1)`` float, 0 where both atoms are real, hugely negative elsewhere.
        size: ``(B, 1, 1)`` float number of real atoms.
        cond: ``(B, N, k)`` what the layers are conditioned on.
    """

    mask: Tensor
    pair_bias: Tensor
    size: Tensor
    cond: Tensor


class LayerSizes(NamedTuple):
    """Widths of a layer: scalars ``d``, pairs ``e``, vectors ``c``, attention heads, condition ``k``."""

    d: int
    e: int
    c: int
    heads: int
    k: int


class AdaptiveNorm(nn.Module):
    """Layer norm whose scale and shift follow the condition (Peebles and Xie 2023); identity-like at start.

    Args:
        width: Width of the normalised features.
        cond: Width of the condition.
    """

    def __init__(self, width: int, cond: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulation = nn.Linear(cond, 2 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, h: Tensor, cond: Tensor) -> Tensor:
        """Normalise ``(..., width)`` under a condition ``(..., k)``."""
        scale, shift = self.modulation(cond).chunk(2, dim=-1)
        return self.norm(h) * (1 + scale) + shift


def normalise_vectors(v: Tensor, frame: Frame) -> Tensor:
    """Divide every channel by its mean length over the molecule's atoms, ``(B, N, 3, c)``."""
    length = (v.square().sum(dim=2) + _SMALL**2).sqrt() * frame.mask
    return v / (length.sum(dim=1) / frame.size.squeeze(-1) + _SMALL).unsqueeze(1).unsqueeze(1)


class PairMessages(nn.Module):
    """Messages ``m_ij`` from both atoms, the pair and their vectors' scalar products, and what they say.

    Args:
        sizes: Widths of the layer.
    """

    def __init__(self, sizes: LayerSizes) -> None:
        super().__init__()
        self.split = [sizes.heads, sizes.c, sizes.e]
        self.from_atoms = nn.Linear(sizes.d + sizes.c, 2 * sizes.e)
        self.from_pair = nn.Linear(sizes.e + sizes.c, sizes.e, bias=False)
        self.norm = nn.LayerNorm(sizes.e)
        self.out = nn.Linear(sizes.e, sum(self.split))

    def forward(self, h: Tensor, p: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return attention logits ``(B, N, N, heads)``, gates ``(B, N, N, c)``, pair update ``(B, N, N, e)``.

        Args:
            h: ``(B, N, d)`` normalised scalars.
            p: ``(B, N, N, e)`` pairs.
            v: ``(B, N, 3, c)`` normalised vectors.
        """
        receiver, sender = self.from_atoms(torch.cat([h, v.square().sum(dim=2)], dim=-1)).chunk(2, dim=-1)
        products = (v.unsqueeze(2) * v.unsqueeze(1)).sum(dim=3)
        pair = self.from_pair(torch.cat([self.norm(p), products], dim=-1))
        message = nn.functional.silu(receiver.unsqueeze(2) + sender.unsqueeze(1) + pair)
        logits, gates, update = self.out(message).split(self.split, dim=-1)
        return logits, gates, update


class PairAttentionLayer(nn.Module):
    """Messages, attention over scalars, gated differences of vectors, pair update, feed-forward.

    At the start the updates of scalars are zero, so that a deep stack begins as a shallow one.

    Args:
        sizes: Widths of the layer.
        expansion: Hidden width of the feed-forward network, in units of ``d``.
    """

    def __init__(self, sizes: LayerSizes, expansion: int = 4) -> None:
        super().__init__()
        self.heads = sizes.heads
        self.norm_messages = AdaptiveNorm(sizes.d, sizes.k)
        self.messages = PairMessages(sizes)
        self.values = nn.Linear(sizes.d, sizes.d)
        self.merge = nn.Linear(sizes.d, sizes.d)
        self.mix_vectors = nn.Linear(sizes.c, sizes.c, bias=False)
        self.norm_feed = AdaptiveNorm(sizes.d, sizes.k)
        expand = nn.Linear(sizes.d + sizes.c, expansion * sizes.d)
        contract = nn.Linear(expansion * sizes.d, sizes.d + sizes.c)
        self.feed = nn.Sequential(expand, nn.SiLU(), contract)
        self.feed_vectors = nn.Linear(sizes.c, sizes.c, bias=False)
        for last in (self.merge, contract):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, streams: Streams, frame: Frame) -> Streams:
        """Update the streams; padded atoms stay zero in ``h`` and ``v``."""
        h, p, v = streams
        normal = self.norm_messages(h, frame.cond)
        vectors = normalise_vectors(v, frame)
        logits, gates, update = self.messages(normal, p, vectors)
        h = h + self.merge(self._attend(logits + frame.pair_bias, self.values(normal))) * frame.mask
        v = v + self.mix_vectors(_gated_differences(gates, vectors, frame)) * frame.mask.unsqueeze(-1)
        vectors = normalise_vectors(v, frame)
        normal = self.norm_feed(h, frame.cond)
        fed = self.feed(torch.cat([normal, vectors.square().sum(dim=2)], dim=-1)) * frame.mask
        scalars, gate = fed.split([h.shape[-1], v.shape[-1]], dim=-1)
        return Streams(h + scalars, p + update, v + self.feed_vectors(vectors) * gate.unsqueeze(2))

    def _attend(self, logits: Tensor, values: Tensor) -> Tensor:
        """Average ``(B, N, d)`` values over senders with the softmax of ``(B, N, N, heads)`` logits."""
        size, atoms, width = values.shape
        weights = logits.permute(0, 3, 1, 2).softmax(dim=-1)
        split = values.view(size, atoms, self.heads, width // self.heads).transpose(1, 2)
        return (weights @ split).transpose(1, 2).reshape(size, atoms, width)


def _gated_differences(gates: Tensor, v: Tensor, frame: Frame) -> Tensor:
    """``sum_j g_ij (v_j - v_i) / n``, channel by channel: ``(B, N, 3, c)``."""
    weights = (gates * (frame.pair_bias == 0) / frame.size.unsqueeze(-1)).permute(0, 3, 1, 2)
    moved = weights @ v.permute(0, 3, 1, 2)
    return moved.permute(0, 2, 3, 1) - weights.sum(dim=-1).permute(0, 2, 1).unsqueeze(2) * v
