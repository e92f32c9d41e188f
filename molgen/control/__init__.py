"""What chemists ask for: formulas, conformers, scaffolds, analogues, properties; checked on what is drawn.

A request says which entries of a molecule are given (:class:`molgen.core.tasks.Given`), and looks at each
drawn molecule whether it is what was asked.
"""

from molgen.control.formula import FormulaRequest
from molgen.control.options import read_asked
from molgen.control.properties import Target, Targets
from molgen.control.request import DeNovo, Draw, Request, Setting

__all__ = ["DeNovo", "Draw", "FormulaRequest", "Request", "Setting", "Target", "Targets", "read_asked"]
