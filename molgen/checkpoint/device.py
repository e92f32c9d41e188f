"""Where to compute, by the name that the command line takes."""

from __future__ import annotations

import torch

from molgen.core.errors import InputError


def find_device(name: str) -> torch.device:
    """Resolve a device name.

    Raises:
        InputError: The name is unknown or the device is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        first_line = str(error).splitlines()[0]
        raise InputError(
            f"device {name!r} cannot be used ({first_line}); try --device auto or cpu"
        ) from error
    return device
