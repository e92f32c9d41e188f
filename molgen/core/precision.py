"""Arithmetic that rounding to half precision would spoil."""

from __future__ import annotations

import torch
from torch import Tensor


def full_precision(value: Tensor) -> torch.autocast:
    """Suspend autocast on a tensor's device.

    Coordinates and vectors stay as exact as they are given, lest rounding break the equivariance, and
    decompositions of matrices exist in float32 alone.
    """
    return torch.autocast(value.device.type, enabled=False)
