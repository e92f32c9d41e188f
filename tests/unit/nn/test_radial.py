"""Radial functions and the radius graph: smooth at zero and at the cutoff, and nothing is missed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from molgen.nn.radial import SOFTENING, BesselBasis, polynomial_envelope, soft_norm
from molgen.nn.radius_graph import radius_graph

CUTOFF = 3.0


def derivatives(function: Callable[[Tensor], Tensor], at: float, count: int) -> list[float]:
    """Value and derivatives of a scalar function of a ``(1,)`` tensor."""
    x = torch.tensor([at], dtype=torch.float64, requires_grad=True)
    value = function(x).sum()
    found = [value.item()]
    for _ in range(count):
        (value,) = torch.autograd.grad(value, x, create_graph=True)
        found.append(value.item())
    return found


def test_envelope_goes_smoothly_from_one_to_zero() -> None:
    """1 and flat at zero, 0 with two vanishing derivatives at the cutoff, falling between, 0 beyond."""
    just_inside = CUTOFF * (1 - 1e-9)
    assert derivatives(lambda r: polynomial_envelope(r, CUTOFF), 0.0, 2) == [1.0, 0.0, 0.0]
    assert derivatives(lambda r: polynomial_envelope(r, CUTOFF), just_inside, 2) == pytest.approx(
        [0] * 3, abs=1e-6
    )
    values = polynomial_envelope(torch.linspace(0, CUTOFF, 100, dtype=torch.float64), CUTOFF)
    assert (values.diff() <= 0).all()
    assert not polynomial_envelope(torch.tensor([CUTOFF, 2 * CUTOFF]), CUTOFF).any()


def test_basis_is_the_published_one() -> None:
    """sqrt(2/c) sin(n pi r / c) / r, and its limit sqrt(2/c) n pi / c at zero with no slope."""
    basis = BesselBasis(5, CUTOFF).double()
    r, n = torch.linspace(0.2, CUTOFF, 9, dtype=torch.float64), torch.arange(1, 6).double()
    expected = (2 / CUTOFF) ** 0.5 * torch.sin(n * torch.pi * r[:, None] / CUTOFF) / r[:, None]
    torch.testing.assert_close(basis(r), expected)
    torch.testing.assert_close(basis(r[-1:]), torch.zeros(1, 5).double(), atol=1e-12, rtol=0)
    limit = (2 / CUTOFF) ** 0.5 * n * torch.pi / CUTOFF
    torch.testing.assert_close(basis(torch.zeros(1).double())[0], limit)
    value, slope = derivatives(basis, 0.0, 1)
    assert value == pytest.approx(float(limit.sum()))
    assert slope == pytest.approx(0, abs=1e-9)


def test_basis_is_orthonormal() -> None:
    """The functions are orthonormal on the ball of the cutoff, under r^2 dr."""
    r = torch.linspace(0, CUTOFF, 4001, dtype=torch.float64)
    values = BesselBasis(6, CUTOFF).double()(r)
    products = torch.trapezoid(values[:, :, None] * values[:, None] * r.square()[:, None, None], r, dim=0)
    torch.testing.assert_close(products, torch.eye(6).double(), atol=1e-5, rtol=0)


@given(st.lists(st.floats(-5, 5), min_size=3, max_size=3))
def test_soft_norm_is_just_above_the_norm(vector: list[float]) -> None:
    """Never below the norm nor above it by more than the softening; gradient of length at most 1."""
    v = torch.tensor(vector, dtype=torch.float64, requires_grad=True)
    length = soft_norm(v)
    excess = (length - v.square().sum().sqrt()).item()
    assert 0 <= excess <= SOFTENING
    (gradient,) = torch.autograd.grad(length, v)
    assert gradient.isfinite().all()
    assert gradient.norm() <= 1


def brute_force_edges(pos: Tensor, mask: Tensor, cutoff: float) -> list[tuple[int, int]]:
    """(receiver, sender) pairs of the flattened real atoms, found one by one."""
    rows = [(b, pos[b, i]) for b in range(len(mask)) for i in range(mask.shape[1]) if mask[b, i]]
    return [
        (i, j)
        for i, (molecule, at) in enumerate(rows)
        for j, (other, there) in enumerate(rows)
        if i != j and molecule == other and ((at - there).square().sum() + SOFTENING**2).sqrt() < cutoff
    ]


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.floats(0.5, 4.0), st.integers(0, 2**31))
def test_radius_graph_is_complete_and_sorted(sizes: list[int], cutoff: float, seed: int) -> None:
    """All near pairs of one molecule and no others, by receiver; vectors run from sender to receiver."""
    generator = torch.Generator().manual_seed(seed)
    mask = torch.arange(max(sizes)) < torch.tensor(sizes).unsqueeze(1)
    mask = mask[:, torch.randperm(mask.shape[1], generator=generator)]
    pos = torch.randn(*mask.shape, 3, generator=generator, dtype=torch.float64)
    graph = radius_graph(pos, mask, cutoff)
    sender, receiver = graph.edge_index
    assert list(zip(receiver.tolist(), sender.tolist(), strict=True)) == brute_force_edges(pos, mask, cutoff)
    flat = pos[mask]
    torch.testing.assert_close(graph.edge_vector, flat[receiver] - flat[sender])
    torch.testing.assert_close(graph.edge_length, soft_norm(graph.edge_vector))
    degrees = torch.bincount(receiver, minlength=int(mask.sum()))
    assert torch.equal(graph.segments.diff(), degrees)
    assert graph.num_nodes == sum(sizes)
