"""Libraries that only some checks and metrics need, and what to say where one is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from molgen.core.errors import ConfigError


@contextmanager
def optional_library(purpose: str, group: str) -> Iterator[None]:
    """Turn a failed import inside into an error that says how to install what is missing.

    Args:
        purpose: What needs the library, such as ``the check 'plausibility'``.
        group: Optional group of the package that brings it.

    Raises:
        ConfigError: The library is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{purpose} needs the package {error.name!r}, which is not installed; install it with "
            f'pip install "molgen3d[{group}]", or leave {purpose} out of the protocol'
        ) from error
