"""``--by replacement``: a scaffold is kept by models that were not trained to keep one.

Its atoms are put in place at every step (:mod:`molgen.sampling.replacement`); what is asked of the molecules,
and how they are checked, is as with a model that was trained for it. Of a model that draws no bonds, the
bonds of the molecule are perceived, and the scaffold counts as kept if it is found in them.
"""

from __future__ import annotations

from molgen.chem.molecule import Molecule
from molgen.control.request import Draw, Request, Setting
from molgen.control.scaffold import ScaffoldRequest
from molgen.core.tasks import Given
from molgen.sampling import ReverseSampler
from molgen.sampling.replacement import DEFAULT_RESAMPLE, Replacement


class ByReplacement(Request):
    """A scaffold that is put in place while the rest is drawn.

    Args:
        request: What is asked.
        resample: How often each step is taken.
    """

    def __init__(self, request: ScaffoldRequest, resample: int = DEFAULT_RESAMPLE) -> None:
        self.request = request
        self.resample = resample

    def sampled_by(self, sampler: ReverseSampler) -> ReverseSampler:
        """See base.

        Raises:
            InputError: ``resample`` is less than 1.
        """
        return Replacement(sampler, self.resample)

    def check(self, setting: Setting) -> None:
        """See base; the model need not draw bonds."""
        self.request.check_atoms(setting)

    def given(self, draw: Draw) -> Given:
        """See base."""
        return self.request.given(draw)

    def finish_row(self, molecule: Molecule, row: int) -> Molecule:
        """See base."""
        return self.request.finish_row(molecule, row)

    def objection(self, molecule: Molecule) -> str | None:
        """See base."""
        return self.request.objection(molecule)
