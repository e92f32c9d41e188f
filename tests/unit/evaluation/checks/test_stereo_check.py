"""Stated stereochemistry: shown, mirrored, of another molecule, or not stated at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from molgen.chem import Molecule
from molgen.chem.stereo import mirrored
from molgen.evaluation import Table
from molgen.evaluation.checks import check_stereo
from molgen.evaluation.metrics import METRICS

Embed = Callable[[str], Molecule]


def stated(molecule: Molecule, smiles: str) -> Molecule:
    return replace(molecule, record={"smiles": smiles})


def verdict(molecule: Molecule) -> bool | str | None:
    return check_stereo(molecule, field="smiles")["stereo_as_stated"]


@pytest.mark.parametrize("smiles", ["C[C@H](O)F", "C[C@@H](O)F", "F/C=C/C", "F/C=C\\C"])
def test_shown_and_mirrored(embed: Embed, smiles: str) -> None:
    """A mirror image has the other hand, and the same double bond."""
    molecule = stated(embed(smiles), smiles)
    assert verdict(molecule) is True
    assert verdict(mirrored(molecule)) is ("=" in smiles)


def test_the_other_double_bond_is_noticed(embed: Embed) -> None:
    assert verdict(stated(embed("F/C=C/C"), "F/C=C\\C")) is False


def test_what_cannot_be_compared_has_no_verdict(embed: Embed) -> None:
    alanine = embed("C[C@H](O)F")
    assert verdict(alanine) is None
    assert verdict(stated(alanine, "CC(O)F")) is None
    assert verdict(stated(alanine, "C[C@H](O)Cl")) is None
    assert verdict(stated(alanine, "no smiles")) is None
    assert verdict(stated(replace(alanine, pos=np.full_like(alanine.pos, np.nan)), "C[C@H](O)F")) is None


def test_the_share_is_over_what_is_stated(embed: Embed, ethanol: Molecule) -> None:
    good = stated(embed("C[C@H](O)F"), "C[C@H](O)F")
    table = Table.from_rows([check_stereo(m, "smiles") for m in (good, mirrored(good), good, ethanol)])
    result = METRICS["stereo_as_stated"](table, None)
    assert (result.numerator, result.denominator) == (2, 3)  # type: ignore[union-attr]
