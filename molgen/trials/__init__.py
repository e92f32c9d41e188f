"""Trials: every kind of request asked many times about held-out molecules, and how often it was met.

To add one: a :class:`Trial` in a file here, a line in ``molgen.cli.requests``, a test.
"""

from molgen.trials.analogues import AnalogueTrial
from molgen.trials.conformers import ConformerTrial
from molgen.trials.formula import FormulaTrial
from molgen.trials.held_out import HeldOut
from molgen.trials.outcome import Outcome, render, run_row, title
from molgen.trials.properties import PropertyTrial
from molgen.trials.refinement import RefinementTrial
from molgen.trials.scaffold import LinkerTrial, ScaffoldTrial
from molgen.trials.sources import Bench
from molgen.trials.trial import Asked, Occasion, Trial

__all__ = [
    "AnalogueTrial",
    "Asked",
    "Bench",
    "ConformerTrial",
    "FormulaTrial",
    "HeldOut",
    "LinkerTrial",
    "Occasion",
    "Outcome",
    "PropertyTrial",
    "RefinementTrial",
    "ScaffoldTrial",
    "Trial",
    "render",
    "run_row",
    "title",
]
