"""How fast a device multiplies matrices: the ceiling under which networks compute."""

from __future__ import annotations

import torch

from molgen.cli.speed import autocast, count_flop, seconds_per_call

_SIDE, _SIDE_ON_CPU = 8192, 1024
"""Side of the square matrices: large enough to be bound by arithmetic, not by memory."""
_REPEATS = 15


def matrix_ceiling(device: torch.device, dtype: torch.dtype = torch.float32) -> float:
    """Measure floating-point operations per second, 2 per multiply-add, in the product of two large matrices.

    In the setting that networks compute in: on a GPU, whether single precision may be TensorFloat-32 is
    torch's to say (``torch.get_float32_matmul_precision``).

    Args:
        device: Where.
        dtype: Of the factors.
    """
    side = _SIDE_ON_CPU if device.type == "cpu" else _SIDE
    generator = torch.Generator(device).manual_seed(0)
    left, right = torch.randn(2, side, side, generator=generator, device=device)

    def call() -> torch.Tensor:
        with torch.no_grad(), autocast(device, dtype):
            return left @ right

    flop = count_flop(call)
    (seconds,) = seconds_per_call([call], _REPEATS, device)
    return flop / seconds
