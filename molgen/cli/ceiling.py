"""How fast a device multiplies matrices: the ceiling under which networks compute."""

from __future__ import annotations

import torch

from molgen.cli.speed import Call

SIDE, SIDE_ON_CPU = 8192, 1024
"""Side of the square matrices: large enough to be bound by arithmetic, not by memory."""


def matrix_product(device: torch.device, dtype: torch.dtype = torch.float32) -> tuple[Call, int]:
    """Make a call that multiplies two large matrices as a linear layer does, and count its operations.

    On a GPU, whether single precision may be TensorFloat-32 is torch's to say
    (``torch.get_float32_matmul_precision``).

    Args:
        device: Where.
        dtype: Of the matrices.

    Returns:
        The call, and its number of floating-point operations, 2 per multiply-add.
    """
    side = SIDE_ON_CPU if device.type == "cpu" else SIDE
    generator = torch.Generator(device).manual_seed(0)
    left, right = torch.randn(2, side, side, generator=generator, device=device).to(dtype)
    return lambda: torch.nn.functional.linear(left, right), 2 * side**3
