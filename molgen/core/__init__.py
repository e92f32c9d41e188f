"""Types, conventions and geometry that everything else stands on; depends on torch alone."""

from molgen.core.batch import FIELDS, FieldSpec, MolBatch, concatenate, pair_mask
from molgen.core.contracts import (
    Condition,
    Denoiser,
    LevelSupport,
    Network,
    NoiseScales,
    NoiseSchedule,
    Symmetry,
)
from molgen.core.levels import NoiseLevels
from molgen.core.vocab import NUM_BOND_ORDERS, Vocab

__all__ = [
    "FIELDS",
    "NUM_BOND_ORDERS",
    "Condition",
    "Denoiser",
    "FieldSpec",
    "LevelSupport",
    "MolBatch",
    "Network",
    "NoiseLevels",
    "NoiseScales",
    "NoiseSchedule",
    "Symmetry",
    "Vocab",
    "concatenate",
    "pair_mask",
]
