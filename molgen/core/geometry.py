"""Rigid-body geometry on padded batches: centring, random orthogonal matrices, superposition."""

from __future__ import annotations

import torch
from torch import Tensor

from molgen.core.precision import full_precision


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over real atoms.

    Args:
        values: ``(B, N, D)``; padded entries must be zero.
        mask: ``(B, N)`` bool.

    Returns:
        ``(B, 1, D)``; zero for a molecule without atoms.
    """
    count = mask.sum(dim=1).clamp(min=1).view(-1, 1, 1)
    return values.sum(dim=1, keepdim=True) / count


def centre(pos: Tensor, mask: Tensor) -> Tensor:
    """Move each molecule's centroid to the origin; padded entries become zero.

    Args:
        pos: ``(B, N, 3)``, any length unit; padded entries may hold anything finite.
        mask: ``(B, N)`` bool.

    Returns:
        ``(B, N, 3)`` in the zero-centre-of-mass subspace of dimension ``3 (n - 1)``.
    """
    weight = mask.unsqueeze(-1)
    pos = pos * weight
    return (pos - masked_mean(pos, mask)) * weight


def pairwise_differences(pos: Tensor) -> Tensor:
    """Return ``(B, N, N, 3)`` with entry ``[b, i, j] = pos[b, i] - pos[b, j]``."""
    return pos.unsqueeze(2) - pos.unsqueeze(1)


def random_rotation(count: int, generator: torch.Generator, dtype: torch.dtype = torch.float32) -> Tensor:
    """Draw rotations uniformly (Haar) from SO(3), via unit quaternions.

    Returns:
        ``(count, 3, 3)`` matrices with determinant +1 on the generator's device.
    """
    quaternion = torch.randn(count, 4, generator=generator, dtype=torch.float64, device=generator.device)
    w, x, y, z = (quaternion / quaternion.norm(dim=1, keepdim=True)).unbind(dim=1)
    rows = [
        torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], dim=1),
        torch.stack([2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)], dim=1),
        torch.stack([2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], dim=1),
    ]
    return torch.stack(rows, dim=1).to(dtype)


def random_orthogonal(count: int, generator: torch.Generator, dtype: torch.dtype = torch.float32) -> Tensor:
    """Draw uniformly from O(3): a random rotation, reflected with probability one half.

    Returns:
        ``(count, 3, 3)`` matrices with determinant +1 or -1.
    """
    sign = torch.randint(0, 2, (count, 1, 1), generator=generator, device=generator.device) * 2 - 1
    return random_rotation(count, generator, dtype) * sign.to(dtype)


def kabsch(moving: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Best rotation of centred points onto centred points (Kabsch 1976), proper rotations only.

    Args:
        moving: ``(B, N, 3)`` centred, padded entries zero.
        target: ``(B, N, 3)`` centred, padded entries zero.
        mask: ``(B, N)`` bool.

    Returns:
        ``(B, 3, 3)`` rotation ``R``, determinant +1, minimising ``sum |moving R^T - target|^2``.
    """
    weight = mask.unsqueeze(-1)
    with full_precision(moving):
        covariance = (target * weight).transpose(1, 2) @ (moving * weight)
        u, _, vt = torch.linalg.svd(covariance)
        sign = torch.linalg.det(u @ vt)
        flip = torch.ones(*sign.shape, 3, dtype=moving.dtype, device=moving.device)
        flip[..., 2] = sign
        return (u * flip.unsqueeze(-2)) @ vt
