"""Tensor field network: messages of irreducible tensors over a radius graph.

Thomas et al., "Tensor field networks: rotation- and translation-equivariant neural networks for 3D point
clouds" (2018), in the residual and gated form of Batzner et al., "E(3)-equivariant graph neural networks
for data-efficient and accurate interatomic potentials" (NequIP, 2022), as a denoiser: atoms are sums of
irreps up to l = 2 whose parities make reflections exact, the noise level is a node input, and a vector
and scalars are read out per atom. The centred position is itself a node input, and the inputs reach the
output by a gated skip, because far from data the noise is nearly the input itself, which differences
within a cutoff could not tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from e3nn.o3 import Irrep, Irreps, Linear, SphericalHarmonics
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.utils import segment

from molgen.core.batch import FIELDS, MolBatch
from molgen.core.contracts import Condition, LevelSupport, Network, Symmetry
from molgen.core.errors import ConfigError, FieldError
from molgen.core.geometry import centre
from molgen.core.levels import NoiseLevels
from molgen.nn.radial import SOFTENING, BesselBasis, polynomial_envelope
from molgen.nn.radius_graph import radius_graph
from molgen.nn.tensor_layer import TensorLayer

READ_OUT_GAIN = 0.033
"""Shrinks the initial output, so that training starts near the trivial prediction of no noise."""


class TensorField(Network):
    """Equivariant network over a radius graph, with one time per atom and field.

    Args:
        dims: Field name to width; ``pos`` and per-atom fields.
        irreps: Node features in e3nn's notation: even scalars first, ``1o`` among the others. Their
            largest ``l`` is also that of the spherical harmonics.
        num_layers: Message-passing layers.
        cutoff: Radius of the graph, in noise units of positions.
        num_basis: Radial functions.
        radial_width: Hidden width of the networks that turn distances into weights.

    Raises:
        ConfigError: A field is pairwise, the irreps cannot carry scalars and vectors, or a size is not
            positive.
    """

    symmetry: ClassVar[Symmetry] = Symmetry.E3
    level_support: ClassVar[LevelSupport] = LevelSupport.PER_ENTRY

    def __init__(
        self,
        dims: Mapping[str, int],
        irreps: str = "32x0e+16x1o+8x2e",
        num_layers: int = 4,
        cutoff: float = 8.0,
        num_basis: int = 16,
        radial_width: int = 64,
    ) -> None:
        super().__init__()
        if min(num_layers, num_basis, radial_width) < 1 or cutoff <= SOFTENING:
            raise ConfigError(
                f"a tensor field network needs positive sizes and a cutoff above {SOFTENING}; got num_layers "
                f"{num_layers}, cutoff {cutoff}, num_basis {num_basis}, radial_width {radial_width}"
            )
        self.dims = dict(dims)
        self.invariants = invariant_fields(dims)
        self.cutoff = cutoff
        features = parse_irreps(irreps)
        num_scalars = sum(self.invariants.values())
        harmonics = Irreps.spherical_harmonics(features.lmax)
        self.basis = BesselBasis(num_basis, cutoff)
        self.harmonics = SphericalHarmonics(harmonics, normalize=False, normalization="component")
        self.embed = Linear(f"{num_scalars + len(dims)}x0e + 1x1o", features, biases=True)
        self.layers = nn.ModuleList(
            TensorLayer(features, harmonics, num_basis, radial_width) for _ in range(num_layers)
        )
        self.read_out = Linear(features, f"1x1o + {num_scalars}x0e + {len(dims)}x0e")
        with torch.no_grad():
            self.read_out.weight.mul_(READ_OUT_GAIN)

    def forward(self, x_t: MolBatch, levels: NoiseLevels, cond: Condition | None = None) -> MolBatch:
        """Map a noisy batch to one vector and scalars per atom; see :class:`Network`.

        Raises:
            FieldError: The batch does not carry the fields the network was built for.
            ConfigError: A condition is given to this unconditional network.
        """
        self.check(x_t, cond)
        edges = self.edges(x_t)
        h = self.embed(self.node_inputs(x_t, levels))
        for layer in self.layers:
            h = layer(h, edges)
        return self.to_batch(self.read_out(h), x_t)

    def edges(self, x_t: MolBatch) -> Data:
        """Radius graph with spherical harmonics, radial functions and envelope on its edges.

        Harmonics are those of ``r / |r|`` with the softened length: polynomials of a smooth vector,
        so two atoms in one place have finite gradients and no direction is preferred.
        """
        graph = radius_graph(x_t.pos, x_t.mask, self.cutoff)
        graph.edge_harmonics = self.harmonics(graph.edge_vector / graph.edge_length.unsqueeze(-1))
        graph.edge_basis = self.basis(graph.edge_length)
        graph.edge_weight = polynomial_envelope(graph.edge_length, self.cutoff)
        crowding = segment(graph.edge_weight, graph.segments)
        graph.node_scale = (1 + crowding).rsqrt().unsqueeze(-1)
        return graph

    def node_inputs(self, x_t: MolBatch, levels: NoiseLevels) -> Tensor:
        """Join invariant fields, each field's time and the position of every real atom, ``(M, D)``."""
        times = torch.stack([levels[name] for name in self.dims], dim=-1).to(x_t.pos.dtype)
        invariants = [x_t[name] for name in self.invariants]
        return torch.cat([*invariants, times, x_t.pos], dim=-1)[x_t.mask]

    def to_batch(self, outputs: Tensor, x_t: MolBatch) -> MolBatch:
        """Spread ``(M, D)`` outputs over the padded batch and add the gated inputs, one gate a field.

        The vectors lose their mean.
        """
        dense = outputs.new_zeros(*x_t.mask.shape, outputs.shape[-1])
        dense[x_t.mask] = outputs
        vector, *scalars, gates = dense.split([3, *self.invariants.values(), len(self.dims)], dim=-1)
        read = {"pos": vector, **dict(zip(self.invariants, scalars, strict=True))}
        gate = dict(zip(self.dims, gates.split(1, dim=-1), strict=True))
        fields = {name: read[name] + gate[name] * x_t[name] for name in self.dims}
        return x_t.replace(**fields | {"pos": centre(fields["pos"], x_t.mask)})

    def check(self, x_t: MolBatch, cond: Condition | None) -> None:
        """Refuse a batch or a condition that the network was not built for.

        Raises:
            FieldError: The batch's fields or widths are not those of ``dims``.
            ConfigError: A condition is given.
        """
        given = {name: value.shape[-1] for name, value in x_t.items()}
        if given != self.dims:
            raise FieldError(
                f"the batch carries fields {given}, but this network was built for {self.dims}; "
                "build it from the noise process that made the batch"
            )
        if cond:
            raise ConfigError(
                f"this network takes no conditions, but got {sorted(cond)}; use a conditional denoiser"
            )


def invariant_fields(dims: Mapping[str, int]) -> dict[str, int]:
    """Widths of the per-atom fields that do not rotate.

    Raises:
        ConfigError: ``pos`` is missing, or a field is pairwise or unknown.
    """
    usable = {name for name, spec in FIELDS.items() if not spec.pairwise}
    refused = sorted(set(dims) - usable)
    if refused or "pos" not in dims:
        raise ConfigError(
            f"a tensor field network cannot be built for fields {sorted(dims)} (refused: {refused}): it "
            f"needs 'pos' and takes per-atom fields, {sorted(usable)}; remove the others from the noise "
            "process or use a denoiser of pairs"
        )
    return {name: width for name, width in dims.items() if not FIELDS[name].vector}


def parse_irreps(text: str) -> Irreps:
    """Read node features and check that the layers can use them.

    Raises:
        ConfigError: The text is not irreps, or even scalars are not first, or ``1o`` is missing.
    """
    try:
        irreps = Irreps(text)
    except ValueError as error:
        raise ConfigError(f"irreps {text!r} cannot be read ({error}); give e.g. 32x0e+16x1o+8x2e") from error
    if not irreps or irreps[0].ir != Irrep("0e") or Irrep("1o") not in irreps:
        raise ConfigError(f"irreps {text!r} must start with 0e and contain 1o, e.g. 32x0e+16x1o+8x2e")
    return irreps
