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

from molgen.core.precision import full_precision

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
        pair_bias: ``(B, 1, N, N)`` float, 0 where both atoms are real, hugely negative elsewhere.
        pair_share: ``(B, 1, N, N)`` float, one over the number of atoms where both are real, 0 elsewhere.
        size: ``(B, 1, 1)`` float number of real atoms.
        cond: ``(B, N, k)`` what the layers are conditioned on; ``(B, 1, k)`` where all atoms share it.
    """

    mask: Tensor
    pair_bias: Tensor
    pair_share: Tensor
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
        """Normalise ``(B, N, width)`` under a condition ``(B, N, k)`` or ``(B, 1, k)``."""
        scale, shift = self.modulation(cond).chunk(2, dim=-1)
        return self.norm(h) * (1 + scale) + shift


def normalise_vectors(v: Tensor, frame: Frame) -> Tensor:
    """Divide every channel by its mean length over the molecule's atoms, ``(B, N, 3, c)``."""
    length = (v.square().sum(dim=2) + _SMALL**2).sqrt() * frame.mask
    return v / (length.sum(dim=1) / frame.size.squeeze(-1) + _SMALL).unsqueeze(1).unsqueeze(1)


class VectorLinear(nn.Linear):
    """Mixes the channels of vectors ``(..., 3, c)``, without bias and in full precision."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(channels_in, channels_out, bias=False)

    def forward(self, v: Tensor) -> Tensor:
        """See base."""
        with full_precision(v):
            return super().forward(v)


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

    def leave_pairs(self) -> None:
        """Set what is added to the pairs to zero."""
        with torch.no_grad():
            for parameter in (self.out.weight, self.out.bias):
                parameter[-self.split[2] :] = 0

    def forward(self, h: Tensor, p: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return attention logits ``(B, heads, N, N)``, gates ``(B, c, N, N)``, new pairs ``(B, N, N, e)``.

        Args:
            h: ``(B, N, d)`` normalised scalars.
            p: ``(B, N, N, e)`` pairs.
            v: ``(B, c, N, 3)`` normalised vectors.
        """
        message = nn.functional.silu(self._gather(h, p, v))
        to_atoms, to_pair = self.out.weight.split([sum(self.split[:2]), self.split[2]])
        shift, shift_pair = self.out.bias.split([len(to_atoms), len(to_pair)])
        spread = to_atoms.expand(len(p), -1, -1)
        said = torch.baddbmm(shift.view(1, -1, 1), spread, message.transpose(1, 2))
        logits, gates = said.unflatten(2, p.shape[1:3]).split(self.split[:2], dim=1)
        return logits, gates, p + nn.functional.linear(message, to_pair, shift_pair).view_as(p)

    def _gather(self, h: Tensor, p: Tensor, v: Tensor) -> Tensor:
        """``(B, N * N, e)`` messages before their nonlinearity.

        The weight is applied in two parts, and the products are read as they come out of a batched matrix
        product, channel by channel: nothing as large as the pairs is copied to be joined or transposed.
        """
        to_pair, to_products = self.from_pair.weight.split([p.shape[-1], v.shape[1]], dim=1)
        squares = v.square().sum(dim=-1).transpose(1, 2)
        receiver, sender = self.from_atoms(torch.cat([h, squares], dim=-1)).chunk(2, dim=-1)
        atoms = (receiver.unsqueeze(2) + sender.unsqueeze(1)).flatten(0, 2)
        message = torch.addmm(atoms, self.norm(p).flatten(0, 2), to_pair.t()).view(len(p), -1, p.shape[-1])
        with full_precision(v):
            products = (v @ v.transpose(2, 3)).flatten(2)
        return torch.baddbmm(message, products.transpose(1, 2), to_products.t().expand(len(p), -1, -1))


class PairAttentionLayer(nn.Module):
    """Messages, attention over scalars, gated differences of vectors, pair update, feed-forward.

    At the start it changes nothing, so that a deep stack begins as a shallow one and a trained network can
    be made deeper.

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
        self.mix_vectors = VectorLinear(sizes.c, sizes.c)
        self.norm_feed = AdaptiveNorm(sizes.d, sizes.k)
        expand = nn.Linear(sizes.d + sizes.c, expansion * sizes.d)
        contract = nn.Linear(expansion * sizes.d, sizes.d + sizes.c)
        self.feed = nn.Sequential(expand, nn.SiLU(), contract)
        self.feed_vectors = VectorLinear(sizes.c, sizes.c)
        for last in (self.merge, contract):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
        nn.init.zeros_(self.mix_vectors.weight)
        self.messages.leave_pairs()

    def forward(self, streams: Streams, frame: Frame) -> Streams:
        """Update the streams; padded atoms stay zero in ``h`` and ``v``."""
        h, p, v = streams
        normal = self.norm_messages(h, frame.cond)
        vectors = normalise_vectors(v, frame).permute(0, 3, 1, 2).contiguous()
        logits, gates, p = self.messages(normal, p, vectors)
        h = h + self.merge(self._attend(logits + frame.pair_bias, self.values(normal))) * frame.mask
        v = v + self.mix_vectors(_gated_differences(gates * frame.pair_share, vectors))
        vectors = normalise_vectors(v, frame)
        normal = self.norm_feed(h, frame.cond)
        fed = self.feed(torch.cat([normal, vectors.square().sum(dim=2)], dim=-1)) * frame.mask
        scalars, gate = fed.split([h.shape[-1], v.shape[-1]], dim=-1)
        return Streams(h + scalars, p, v + self.feed_vectors(vectors) * gate.unsqueeze(2))

    def _attend(self, logits: Tensor, values: Tensor) -> Tensor:
        """Average ``(B, N, d)`` values over senders with the softmax of ``(B, heads, N, N)`` logits."""
        split = values.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        return (logits.softmax(dim=-1) @ split).transpose(1, 2).flatten(2)


def _gated_differences(gates: Tensor, v: Tensor) -> Tensor:
    """``sum_j g_ij (v_j - v_i)``, channel by channel.

    Args:
        gates: ``(B, c, N, N)``, zero where an atom is padding.
        v: ``(B, c, N, 3)``.

    Returns:
        ``(B, N, 3, c)``.
    """
    gates = gates.to(v)
    with full_precision(v):
        moved = gates @ v - gates.sum(dim=-1, keepdim=True) * v
    return moved.permute(0, 2, 3, 1)
