"""Anything: nothing is known of the molecules, or what those with their properties are made of."""

from __future__ import annotations

from molgen.control.formula import given_formulas
from molgen.control.request import Draw, Request, Setting, Sizes, fits, prior_within
from molgen.core.formula import formula_counts
from molgen.core.tasks import Given


class DeNovo(Request):
    """Anything, perhaps of a size.

    Sizes are drawn, in the training set's proportions. Beside properties so is the formula, given them, where
    the checkpoint knows the properties by formula and draws bonds: much of a property is a matter of what the
    molecule is made of, which a network follows less well than counting. Such formulas are those of training
    molecules; :class:`molgen.control.FormulaRequest` takes others.

    Args:
        num_atoms: Least and largest number of atoms; sizes between them keep the training set's proportions.
    """

    def __init__(self, num_atoms: Sizes | None = None) -> None:
        self.num_atoms = num_atoms

    def check(self, setting: Setting) -> None:
        """See base."""
        prior_within(setting, self.num_atoms)

    def given(self, draw: Draw) -> Given:
        """See base."""
        prior = prior_within(draw.setting, self.num_atoms)
        formulas = draw.setting.statistics.formulas
        if not draw.labels or not draw.formulas_tell(formulas):
            return Given.nothing(draw.setting.blank(draw.sizes(prior)))
        if self.num_atoms is not None:
            sized = ((text, n, sum(formula_counts(text).values())) for text, n in formulas.items())
            formulas = {text: n for text, n, atoms in sized if fits(atoms, self.num_atoms)}
        return given_formulas(draw, formulas)
