"""What every record of a run says: which model made it, with which options, and where."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import torch
from jsonargparse import Namespace

from molgen.checkpoint.generator import MoleculeGenerator
from molgen.core.errors import InputError
from molgen.core.files import record_path


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


def require_own_record(output: Path) -> None:
    """Refuse to write over the record of another file.

    Args:
        output: File of molecules that is to be written.

    Raises:
        InputError: Where its record goes, there is one that names another output.
    """
    path = record_path(output)
    try:
        named = Path(json.loads(path.read_text(encoding="utf-8"))["options"]["output"]).name
    except (OSError, ValueError, KeyError, TypeError):
        return
    if named != output.name:
        raise InputError(f"{path} is the record of {named} and would be overwritten; give another output")
