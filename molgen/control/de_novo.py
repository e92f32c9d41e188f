"""Anything: nothing is known of the molecules, or what those with their properties are made of."""

from __future__ import annotations

from molgen.control.formula import given_formulas
from molgen.control.request import Draw, Request, Setting, Sizes, prior_within
from molgen.core.formula import formula_counts
from molgen.core.tasks import Given


class DeNovo(Request):
    """Anything, perhaps of a size.

    Sizes are drawn, in the training set's proportions. Beside properties so is the formula, given them, where
    the checkpoint knows the properties by formula and draws bonds: much of a property is a matter of what the
    molecule is made of, which a network follows less well than counting.

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
        return given_formulas(draw, {text: n for text, n in formulas.items() if self._fits(text)})

    def _fits(self, formula: str) -> bool:
        atoms = sum(formula_counts(formula).values())
        return self.num_atoms is None or self.num_atoms[0] <= atoms <= self.num_atoms[1]
