"""Types, conventions and geometry that everything else stands on; depends on torch alone."""

from molgen.core.batch import FIELDS, FieldSpec, MolBatch, concatenate, pair_mask
from molgen.core.contracts import (
    Condition,
    Denoiser,
    LevelSupport,
    MediaWriter,
    MoleculeSource,
    Network,
    NoiseScales,
    NoiseSchedule,
    SampleJudge,
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
    "MediaWriter",
    "MolBatch",
    "MoleculeSource",
    "Network",
    "NoiseLevels",
    "NoiseScales",
    "NoiseSchedule",
    "SampleJudge",
    "Symmetry",
    "Vocab",
    "concatenate",
    "pair_mask",
]
