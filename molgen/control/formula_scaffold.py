"""``--scaffold`` beside ``--formula``: the whole molecule has a formula, and a part of it is in its place.

What the formula leaves beside the scaffold are the elements of the free atoms, which are given; their places,
charges and bonds are drawn. Hydrogens of the scaffold count as the request for it keeps them: those on closed
atoms are the scaffold's, and those that an open atom gave up are among the free atoms again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import torch

from molgen.chem.molecule import Molecule
from molgen.chem.tables import symbol
from molgen.control.attachment import Scaffold
from molgen.control.formula import FormulaRequest, draw_formulas, with_elements
from molgen.control.request import Draw, Setting
from molgen.control.scaffold import ScaffoldRequest, with_atoms
from molgen.core.errors import InputError
from molgen.core.formula import formula_counts, hill
from molgen.core.tasks import Given


class FormulaScaffoldRequest(ScaffoldRequest):
    """Molecules of a formula, or of formulas from a range, that hold a scaffold.

    Args:
        scaffold: What is given.
        formula: What is asked of the whole molecule, its size included.
    """

    def __init__(self, scaffold: Scaffold, formula: FormulaRequest) -> None:
        super().__init__(scaffold, formula.num_atoms)
        self.formula = formula
        self.held = dict(Counter(symbol(int(z)) for z in scaffold.molecule.numbers))

    def require_room(self, setting: Setting) -> None:
        """See base."""
        self.formula.check_elements(setting)
        self.choices(setting)

    def choices(self, setting: Setting) -> dict[str, int]:
        """Formulas of whole molecules to draw from, with their weights.

        Raises:
            InputError: There is none that holds the scaffold and a heavy atom beside it.
        """
        self._require_elements()
        found = {
            text: weight
            for text, weight in self.formula.choices(setting).items()
            if self._grows(formula_counts(text))
        }
        if found:
            return found
        text, held = self.formula.formula.text, hill(self.held)
        if self.formula.formula.exact is not None:
            raise InputError(
                f"--formula {text!r} leaves no heavy atom beside the scaffold's {held}; give a larger "
                "formula or a smaller scaffold"
            )
        raise InputError(
            f"--formula {text!r}: no training molecule has such a formula that holds the scaffold's {held} "
            "and a heavy atom beside it; widen the range, or give an exact formula with its hydrogens"
        )

    def _require_elements(self) -> None:
        """Refuse formulas of which even the largest is smaller than the scaffold.

        Raises:
            InputError: It is, in the elements that are named.
        """
        bounds = self.formula.formula.bounds
        most = {e: bounds[e][1] if e in bounds else n if e == "H" else 0 for e, n in self.held.items()}
        lacking = [f"{n - most[e]} {e}" for e, n in self.held.items() if n > most[e]]
        if lacking:
            raise InputError(
                f"--formula {self.formula.formula.text!r} lacks {', '.join(lacking)} for the scaffold, which "
                f"gives {hill(self.held)}; give a larger formula or a smaller scaffold"
            )

    def _rest(self, counts: Mapping[str, int]) -> dict[str, int]:
        """What a formula leaves beside the scaffold; negative where it lacks something."""
        return {e: counts.get(e, 0) - self.held.get(e, 0) for e in {*counts, *self.held}}

    def _grows(self, counts: Mapping[str, int]) -> bool:
        rest = self._rest(counts)
        return min(rest.values()) >= 0 and any(n for e, n in rest.items() if e != "H")

    def given(self, draw: Draw) -> Given:
        """See base."""
        setting = draw.setting
        formulas = draw_formulas(draw, self.choices(setting))
        sizes = torch.tensor([sum(formula.values()) for formula in formulas])
        molecules = with_atoms(setting, self.scaffold.molecule, sizes)
        rest = with_elements(setting, [self._rest(formula) for formula in formulas])
        held = self.scaffold.molecule.num_atoms
        elements = {"atom": torch.cat([molecules["atom"][:, :held], rest["atom"]], dim=1)}
        if molecules.number is not None:
            charge = torch.tensor(setting.vocab.atomic_numbers, dtype=molecules.pos.dtype)
            elements["number"] = (elements["atom"] * charge).sum(dim=-1, keepdim=True)
        known = self.completed(molecules.replace(**elements))
        given = {name: torch.zeros_like(molecules.mask) for name in elements}
        return replace(known, free={**known.free, **given})

    def objection(self, molecule: Molecule) -> str | None:
        """See base."""
        return super().objection(molecule) or self.formula.objection(molecule)
