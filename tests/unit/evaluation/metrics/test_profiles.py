"""Profiles count things per molecule, beside the reference's count."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from molgen.chem import Molecule
from molgen.data.store import read_store
from molgen.evaluation import ReferenceSet, Table, evaluate, load_protocol, load_reference
from molgen.evaluation.known_molecules import KnownMolecules
from molgen.evaluation.measurements import Measurements
from molgen.evaluation.metrics import METRICS, Profile

Embed = Callable[[str], Molecule]
ROOT = Path(__file__).parents[4]
SYMBOLS = {"H": 1, "C": 6, "N": 7, "O": 8, "F": 9}


def profile(name: str, table: Table, reference: ReferenceSet | None) -> Profile:
    figure = METRICS[name](table, reference)
    assert isinstance(figure, Profile)
    return figure


def test_by_hand(embed: Embed, not_finite: Molecule) -> None:
    known = KnownMolecules([embed("C1CC1"), embed("CC")])
    reference = ReferenceSet("known", np.zeros(0, dtype=np.uint64), known)
    molecules = [embed("C1CC1C1CC1"), embed("OC1CCC1"), embed("C"), not_finite]
    table = evaluate(molecules, load_protocol("distributions")).table
    rings = profile("ring_profile", table, reference)
    assert rings.values == {"3": pytest.approx(2 / 3), "4": pytest.approx(1 / 3)}
    assert (rings.count, rings.over, rings.reference) == (3, "valid molecules", {"3": 0.5})
    elements = profile("element_profile", table, reference)
    # Cyclobutanol and ethanol, which failed, have the oxygens.
    assert (elements.values["O"], elements.values["C"]) == (2 / 4, (6 + 4 + 1 + 2) / 4)
    assert (elements.count, elements.over) == (4, "requested molecules")
    assert elements.reference == {"C": 2.5, "H": 6.0}
    groups = profile("functional_group_profile", table, reference)
    assert groups.values["Al_OH"] == pytest.approx(1 / 3)


@pytest.mark.full
def test_the_shipped_reference_counts_the_test_split() -> None:
    store = read_store(ROOT / "datasets" / "qm9")
    table = Table({"valid": np.zeros(1, dtype=bool)}, {"elements": Measurements.collect([{}])})
    known = profile("element_profile", table, load_reference("qm9", "own")).reference
    atoms = np.concatenate([store.numbers[slice(*store.atom_offsets[i : i + 2])] for i in store.test])
    counts = {symbol: np.count_nonzero(atoms == z) / len(store.test) for symbol, z in SYMBOLS.items()}
    assert known == pytest.approx(counts, rel=1e-6)


def test_without_reference_and_without_molecules(no_atoms: Molecule) -> None:
    table = evaluate([no_atoms], load_protocol("distributions")).table
    rings = profile("ring_profile", table, None)
    assert (rings.values, rings.reference, rings.note) == ({}, None, "there are no valid molecules")
    assert profile("element_profile", table, None).note == "none occur"
