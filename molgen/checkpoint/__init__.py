"""Checkpoints: safetensors with a model card, loading by name, and the generator users hold."""

from molgen.checkpoint.card import ModelCard
from molgen.checkpoint.generator import MoleculeGenerator, SamplingOptions, load
from molgen.checkpoint.load import Checkpoint, load_checkpoint, shipped_checkpoints

__all__ = [
    "Checkpoint",
    "ModelCard",
    "MoleculeGenerator",
    "SamplingOptions",
    "load",
    "load_checkpoint",
    "shipped_checkpoints",
]
