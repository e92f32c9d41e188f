"""Checkpoints that appear whole or not at all, wherever the temporary folder lies.

Lightning gathers a checkpoint in the system's temporary folder and moves it; to another file system that is a
copy over the old file, and a disk that fills up meanwhile would cost the last good checkpoint.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins import TorchCheckpointIO

from molgen.core.files import atomic_path


class AtomicCheckpointIO(TorchCheckpointIO):
    """Write a checkpoint beside its final place, then rename it."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: object | None = None
    ) -> None:
        """See base; object stores, which replace whole objects by themselves, are left to it.

        Raises:
            InputError: The file cannot be written; the old one stays.
        """
        if "://" in str(path):
            super().save_checkpoint(checkpoint, path, storage_options)
            return
        # Through memory, because torch reports a full disk as a RuntimeError when it writes the file itself.
        content = io.BytesIO()
        torch.save(checkpoint, content)
        with atomic_path(Path(path)) as partial:
            partial.write_bytes(content.getbuffer())
