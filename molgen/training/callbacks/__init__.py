"""Callbacks of training: each one habit of a run, with its state in the checkpoint."""

from molgen.training.callbacks.averaging import ExponentialMovingAverage
from molgen.training.callbacks.clipping import AdaptiveGradientClipping
from molgen.training.callbacks.compilation import CompileDenoiser
from molgen.training.callbacks.last_state import LastModelCheckpoint
from molgen.training.callbacks.likelihood import LikelihoodBound
from molgen.training.callbacks.prediction import NpzPredictionWriter
from molgen.training.callbacks.sampling import SampleAndJudge
from molgen.training.callbacks.tasks import JudgeTasks

__all__ = [
    "AdaptiveGradientClipping",
    "CompileDenoiser",
    "ExponentialMovingAverage",
    "JudgeTasks",
    "LastModelCheckpoint",
    "LikelihoodBound",
    "NpzPredictionWriter",
    "SampleAndJudge",
]
