"""Callbacks of training: each one habit of a run, with its state in the checkpoint."""

from molgen.training.callbacks.clipping import AdaptiveGradientClipping
from molgen.training.callbacks.compilation import CompileDenoiser

__all__ = ["AdaptiveGradientClipping", "CompileDenoiser"]
