"""What chemists ask for: formulas, conformers, scaffolds, analogues, properties; checked on what is drawn.

A request says which entries of a molecule are given (:class:`molgen.core.tasks.Given`), and looks at each
drawn molecule whether it is what was asked.
"""

from molgen.control.analogue import AnalogueRequest
from molgen.control.attachment import Scaffold, read_scaffold
from molgen.control.conformers import ConformerRequest
from molgen.control.de_novo import DeNovo
from molgen.control.formula import FormulaRequest
from molgen.control.options import read_asked
from molgen.control.properties import Target, Targets
from molgen.control.refinement import Refinement
from molgen.control.request import Draw, Request, Setting
from molgen.control.scaffold import ScaffoldRequest
from molgen.control.several import Several, SeveralTargets

__all__ = [
    "AnalogueRequest",
    "ConformerRequest",
    "DeNovo",
    "Draw",
    "FormulaRequest",
    "Refinement",
    "Request",
    "Scaffold",
    "ScaffoldRequest",
    "Setting",
    "Several",
    "SeveralTargets",
    "Target",
    "Targets",
    "read_asked",
    "read_scaffold",
]
