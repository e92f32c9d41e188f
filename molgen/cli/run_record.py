"""What every record of a run says: which model made it, with which options, and where."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

import torch
from jsonargparse import Namespace

from molgen.checkpoint.generator import MoleculeGenerator


def provenance(generator: MoleculeGenerator, options: Namespace) -> dict[str, Any]:
    """Return version, checkpoint, options, device, threads and any seed as plain values for JSON.

    Args:
        generator: The model.
        options: Those of the command.
    """
    return {
        "molgen": importlib.metadata.version("molgen3d"),
        "checkpoint": generator.checkpoint.card.name,
        "checkpoint_sha256": generator.checkpoint.digest,
        "options": {
            key: str(value) if isinstance(value, Path) else value for key, value in vars(options).items()
        },
        "device": str(generator.device),
        "threads": torch.get_num_threads(),
        **({"seed": options.seed} if "seed" in options else {}),
    }
