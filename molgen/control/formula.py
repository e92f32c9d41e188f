"""``--formula``: elements are given, positions and bonds are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from molgen.chem.formula import FormulaRange
from molgen.chem.molecule import Molecule
from molgen.chem.tables import ATOMIC_NUMBER
from molgen.control.conformers import SIZE_MARGIN
from molgen.control.request import Draw, Request, Setting, Sizes, fits, require_bonds
from molgen.core.batch import MolBatch
from molgen.core.errors import InputError
from molgen.core.formula import formula_counts, hill
from molgen.core.tasks import Given


class FormulaRequest(Request):
    """Molecules of one formula, or of formulas from a range as often as the training set has them.

    Args:
        formula: What is accepted.
        num_atoms: Least and largest number of atoms, to narrow a range.
    """

    def __init__(self, formula: FormulaRange, num_atoms: Sizes | None = None) -> None:
        self.formula = formula
        self.num_atoms = num_atoms

    def check(self, setting: Setting) -> None:
        """See base."""
        require_bonds(setting, "--formula")
        self.check_elements(setting)
        self.choices(setting)

    def check_elements(self, setting: Setting) -> None:
        """Refuse elements that the model does not know.

        Raises:
            InputError: There are such elements.
        """
        unknown = [e for e in self.formula.bounds if e not in setting.vocab.elements]
        if unknown:
            raise InputError(
                f"--formula {self.formula.text!r}: the checkpoint {setting.checkpoint!r} does not know "
                f"{', '.join(unknown)}; it knows {', '.join(setting.vocab.elements)}"
            )

    def choices(self, setting: Setting) -> dict[str, int]:
        """Formulas to draw from, with their weights.

        Raises:
            InputError: There is none.
        """
        exact = self.formula.exact
        if exact is not None:
            self._require_possible(exact, int(SIZE_MARGIN * int(setting.statistics.sizes.sizes.max())))
            return {hill(exact): 1}
        found = {
            text: count
            for text, count in setting.statistics.formulas.items()
            if self.formula.holds(counts := formula_counts(text))
            and fits(sum(counts.values()), self.num_atoms)
        }
        if not found:
            sized = "" if self.num_atoms is None else " of {} to {} atoms".format(*self.num_atoms)
            raise InputError(
                f"--formula {self.formula.text!r}: no training molecule has such a formula{sized}; widen the "
                "range, or give an exact formula with its hydrogens, which need not be in the training set"
            )
        return found

    def _require_possible(self, counts: Mapping[str, int], most: int) -> None:
        atoms = sum(counts.values())
        if atoms > most:
            raise InputError(
                f"--formula {self.formula.text!r} has {atoms} atoms; the model is asked for at most {most}"
            )
        if not fits(atoms, self.num_atoms):
            assert self.num_atoms is not None
            raise InputError(
                f"--formula {self.formula.text!r} has {atoms} atoms, but --num-atoms asks for "
                f"{self.num_atoms[0]} to {self.num_atoms[1]}; leave one of them out"
            )
        if sum(ATOMIC_NUMBER[e] * n for e, n in counts.items()) % 2:
            raise InputError(
                f"--formula {self.formula.text!r} has an odd number of electrons, so every such molecule is "
                "a radical; change the hydrogens by one"
            )

    def given(self, draw: Draw) -> Given:
        """See base."""
        return given_formulas(draw, self.choices(draw.setting))

    def objection(self, molecule: Molecule) -> str | None:
        """See base."""
        if not self.formula.holds(formula_counts(molecule.formula)):
            return f"its formula is {molecule.formula}"
        return super().objection(molecule)


def given_formulas(draw: Draw, choices: Mapping[str, int]) -> Given:
    """Elements are given, all else is drawn; see :func:`draw_formulas`."""
    molecules = with_elements(draw.setting, draw_formulas(draw, choices))
    free = {name: torch.ones_like(molecules.entry_mask(name)) for name, _ in molecules.items()}
    return Given(molecules, free | {"atom": torch.zeros_like(molecules.mask)})


def draw_formulas(draw: Draw, choices: Mapping[str, int]) -> list[dict[str, int]]:
    """Draw a formula for each molecule, by its weight and the properties that the molecule is asked for.

    Args:
        draw: The round of drawing.
        choices: Formulas in Hill's order, with their weights.
    """
    texts, weights = list(choices), torch.tensor(list(choices.values()), dtype=torch.float64)
    index = torch.multinomial(weights * _likelihood(draw, texts), 1, generator=draw.generator).squeeze(1)
    return [formula_counts(texts[i]) for i in index.tolist()]


def _likelihood(draw: Draw, texts: list[str]) -> Tensor:
    """How likely each molecule's properties are for formulas, ``(B, len(texts))``, up to a factor for each.

    By formula where the training molecules tell, by size otherwise.
    """
    if draw.formulas_tell(texts):
        return draw.formula_likelihood(texts)
    return draw.likelihood(torch.tensor([sum(formula_counts(text).values()) for text in texts]))


def with_elements(setting: Setting, formulas: list[dict[str, int]]) -> MolBatch:
    """Blank molecules whose elements are those of formulas, heavy atoms first."""
    molecules = setting.blank(torch.tensor([sum(f.values()) for f in formulas]))
    columns = [torch.tensor(element_columns(setting, formula)) for formula in formulas]
    padded = torch.nn.utils.rnn.pad_sequence(columns, batch_first=True)
    atom = one_hot(padded, setting.vocab.num_elements).to(molecules.pos)
    return molecules.replace(atom=atom).masked()


def element_columns(setting: Setting, formula: Mapping[str, int]) -> list[int]:
    """Column of the vocabulary for every atom of a formula, heavy atoms first."""
    elements = setting.vocab.elements
    heavy_first = sorted(formula, key=lambda e: (e == "H", elements.index(e)))
    return list(chain.from_iterable([elements.index(e)] * formula[e] for e in heavy_first))
