"""Training: objective, optimisation, the LightningModule and its callbacks."""

from molgen.training.module import DiffusionModule
from molgen.training.objective import DenoisingObjective
from molgen.training.optimization import Optimization
from molgen.training.times import StratifiedTimes

__all__ = ["DenoisingObjective", "DiffusionModule", "Optimization", "StratifiedTimes"]
