"""Held-out molecules: those of the split alone, whole, in an order that the seed decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from molgen.core.errors import DataError, InputError
from molgen.trials import HeldOut

DATA = Path(__file__).parents[2] / "fixtures" / "qm9_200"


def identifiers(held_out: HeldOut) -> list[int]:
    return [int(m.record["held_out"]) for m in held_out]


def test_the_split_is_given_whole_once_and_by_seed(held_out: HeldOut) -> None:
    wanted = held_out.store.identifiers[held_out.store.test].tolist()
    assert sorted(identifiers(held_out)) == sorted(wanted) and len(wanted) == len(held_out) == 20
    assert identifiers(held_out) == identifiers(HeldOut.read(DATA, "test", 0))
    assert identifiers(held_out) != identifiers(HeldOut.read(DATA, "test", 1))
    assert not set(identifiers(HeldOut.read(DATA, "validation", 0))) & set(wanted)


def test_molecules_are_whole_and_know_their_properties(held_out: HeldOut) -> None:
    for molecule in held_out:
        assert molecule.failure is None and molecule.num_fragments == 1
        assert molecule.record["gap"] == pytest.approx(
            float(molecule.record["lumo"]) - float(molecule.record["homo"]), abs=2e-4
        )


def test_training_molecules_are_not_held_out(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'train' is not held out; give validation or test"):
        HeldOut.read(DATA, "train", 0)
    with pytest.raises(DataError, match="no prepared data set"):
        HeldOut.read(tmp_path, "test", 0)
