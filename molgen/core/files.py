"""Writing files so that they appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from molgen.core.errors import InputError


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; on success it becomes ``path``, on failure it vanishes.

    It is as readable as other new files, also where a library keeps its own to their owner (safetensors).

    Args:
        path: Final place; its folder is created.

    Raises:
        InputError: The folder cannot be created or written (read-only, full, not a folder).
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = _mode_of_new_files(partial)
        yield partial
        if partial.stat().st_mode != mode:
            partial.chmod(mode)
        os.replace(partial, path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        if partial.exists():
            partial.unlink()


def _mode_of_new_files(path: Path) -> int:
    """What the process's umask leaves of a file's mode; ``path`` is free before and after."""
    path.unlink(missing_ok=True)
    path.touch()
    mode = path.stat().st_mode
    path.unlink()
    return mode


def _unwritable(path: Path, error: OSError) -> InputError:
    reason = error.strerror or error
    return InputError(f"cannot write {path}: {reason}; choose a writable place with free space")


def require_writable(path: Path) -> None:
    """Fail now rather than after long work: try to create a file where ``path`` will be, and leave no trace.

    Raises:
        InputError: The folder cannot be created or written, or ``path`` is a folder.
    """
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder; name a file in it")
    probe = path.with_name(f".{path.name}.{os.getpid()}.part")
    # Folders that are yet to be made are made where this one stands.
    there = next(folder for folder in path.parents if folder.exists())
    probe = there / probe.name
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _unwritable(path, error) from error


def require_other(output: Path, inputs: Iterable[object]) -> None:
    """Refuse to write where something is read from.

    Args:
        output: File to write.
        inputs: What the user gave; what is no path matches nothing.

    Raises:
        InputError: They are the same file.
    """
    for given in inputs:
        if isinstance(given, str | Path) and os.path.realpath(given) == os.path.realpath(output):
            raise InputError(f"{output} would be overwritten, but it is read from; give another output")


def record_path(output: Path) -> Path:
    """Where the run record of molecules goes: ``NAME.run.json`` or, not of SDF, ``NAME.xyz.run.json``."""
    name = output.stem if output.suffix.lower() == ".sdf" else output.name
    return output.with_name(f"{name}.run.json")
