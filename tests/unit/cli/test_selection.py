"""``--only``: which molecules pass, and the first reason why the others do not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from molgen.chem.conformers import embed
from molgen.chem.molecule import Molecule
from molgen.cli.selection import CRITERIA, Selection
from molgen.core.errors import InputError


def judged(smiles: str, satisfied: int | None = None) -> Molecule:
    """A molecule whose record says whether it is what was asked."""
    return replace(embed(smiles), record={} if satisfied is None else {"satisfied": satisfied})


FAILED = Molecule(embed("C").numbers, embed("C").pos, [[0, 1, 2]])  # type: ignore[arg-type]


def test_satisfied_is_read_from_the_record() -> None:
    selection = Selection.parse("satisfied")
    met, missed = judged("CCO", 1), judged("CCC", 0)
    assert selection.accept([met, missed, judged("CC"), FAILED, met]) == [met, met]
    assert selection.rejected == {"not satisfied": 2, "not valid": 1}


def test_one_molecule_has_one_reason() -> None:
    selection = Selection.parse(" satisfied , connected,unique ")
    first, second = judged("CCO", 1), judged("CC", 1)
    rejected = [judged("O.O", 0), judged("O.O", 1), judged("OCC", 1), FAILED]
    assert selection.accept([first, *rejected]) == [first]
    assert selection.accept([second, first]) == [second]
    assert selection.rejected == {"not satisfied": 1, "not connected": 1, "not unique": 2, "not valid": 1}


def test_a_molecule_that_is_not_satisfied_is_not_seen() -> None:
    selection = Selection.parse("satisfied,unique")
    missed, met = judged("CCO", 0), judged("CCO", 1)
    assert selection.accept([missed, met]) == [met]


def test_without_the_criterion_the_record_has_no_say() -> None:
    missed = judged("CCO", 0)
    assert Selection.parse("valid").accept([missed]) == [missed]


def test_novel_beside_satisfied() -> None:
    """Butanol is in the training split of QM9; perfluoropropane is too large for it."""
    selection = Selection.parse("satisfied,novel", "own")
    known, new, missed = judged("CCCCO", 1), judged("FC(F)(F)C(F)(F)C(F)(F)F", 1), judged("CCCC", 0)
    assert selection.accept([known, new, missed]) == [new]
    assert selection.rejected == {"not novel": 1, "not satisfied": 1}


@pytest.mark.parametrize("text", ["pretty", "satisfied,pretty", "", "valid;satisfied"])
def test_unknown_criteria(text: str) -> None:
    with pytest.raises(InputError, match=f"choose among {', '.join(CRITERIA)}"):
        Selection.parse(text)
