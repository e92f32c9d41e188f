"""molgen: 3D molecule generation with E(3)-equivariant diffusion.

The public names are loaded when first used, so that ``import molgen`` and the command line are quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from molgen.checkpoint import SamplingOptions, load
    from molgen.chem.molecule import Molecule
    from molgen.core import MolBatch, Vocab
    from molgen.evaluation import evaluate

_HOMES = {
    "load": "molgen.checkpoint",
    "SamplingOptions": "molgen.checkpoint",
    "evaluate": "molgen.evaluation",
    "Molecule": "molgen.chem.molecule",
    "MolBatch": "molgen.core",
    "Vocab": "molgen.core",
}

__all__ = ["MolBatch", "Molecule", "SamplingOptions", "Vocab", "evaluate", "load"]


def __getattr__(name: str) -> object:
    """Import a public name from where it lives (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'molgen' has no attribute {name!r}; public names are {__all__}")
    return getattr(importlib.import_module(_HOMES[name]), name)
