"""Refinement: graph, order and frame are kept; what cannot be refined comes back as it was, with a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from molgen.checkpoint.generator import MoleculeGenerator, SamplingOptions
from molgen.chem.conformers import embed
from molgen.chem.molecule import Molecule
from molgen.control import Refinement, Setting, refinement
from molgen.control.refinement import superposed
from molgen.core import MolBatch
from molgen.core.errors import InputError
from molgen.core.geometry import random_rotation
from molgen.core.tasks import Given
from molgen.evaluation.relaxation import superposed_rmsd
from molgen.sampling import Polish

SUITABLE = ["CCO", "C[C@H](O)C#N", "C[N+](C)(C)CC(=O)[O-]"]


class Fixed:
    """In place of a model: does something known to the given coordinates."""

    def __init__(self, change: Callable[[torch.Tensor, int], torch.Tensor]) -> None:
        self.change = change
        self.sizes: list[int] = []

    def polished(self, given: Given, polish: Polish, progress: Any = None) -> list[MolBatch]:
        self.sizes.append(len(given.molecules))
        rows = [given.take(torch.tensor([row])).molecules for row in range(len(given.molecules))]
        if progress is not None:
            progress(len(rows))
        return [m.replace(pos=self.change(m.pos, row)) for row, m in enumerate(rows)]


def fixed(setting: Setting, change: Callable[[torch.Tensor, int], torch.Tensor]) -> Refinement:
    return Refinement(setting, Fixed(change))


def untouched(before: Molecule, after: Molecule) -> bool:
    return np.array_equal(before.pos, after.pos) and np.array_equal(before.bonds, after.bonds)


@pytest.fixture(scope="module")
def refined(model: MoleculeGenerator) -> tuple[list[Molecule], list[Molecule]]:
    """Molecules away from the origin, one of them unsuitable, and what the shipped model makes of them."""
    embedded = [embed(s) for s in [SUITABLE[0], "CCBr", *SUITABLE[1:]]]
    before = [
        replace(m, pos=m.pos + np.array([5.0, -3.0, 1.0]), record={**m.record, "row": i})
        for i, m in enumerate(embedded)
    ]
    return before, Refinement(model.setting, model.source(SamplingOptions(batch_size=2)))(before)


def test_order_graph_and_record_are_kept(refined: tuple[list[Molecule], list[Molecule]]) -> None:
    before, after = refined
    assert [m.record["row"] for m in after] == [0, 1, 2, 3]
    assert [m.record["geometry"] for m in after] == ["mmff94"] * 4
    assert [m.smiles for m in after] == [m.smiles for m in before]
    assert [m.record["refined"] for m in after] == [1, 0, 1, 1]
    for one, other in zip(before, after, strict=True):
        assert np.array_equal(one.numbers, other.numbers)
        assert np.array_equal(one.bonds, other.bonds) and np.array_equal(one.charges, other.charges)


def test_molecules_move_a_little_and_stay_in_place(refined: tuple[list[Molecule], list[Molecule]]) -> None:
    before, after = refined
    for one, other in zip(before, after, strict=True):
        if not other.record["refined"]:
            assert untouched(one, other)
            assert "does not know Br" in other.record["unrefined"]
            continue
        distance = np.sqrt(np.square(one.pos - other.pos).sum(axis=1).mean())
        assert other.record["rmsd_moved"] == pytest.approx(distance, abs=1e-4)
        assert 1e-3 < distance < 0.3
        # In the best place already: no rigid motion brings it nearer.
        assert superposed_rmsd(one.pos, other.pos) == pytest.approx(distance, abs=1e-6)


@pytest.mark.parametrize(
    ("molecule", "reason"),
    [
        (embed("C1CC"), "it has no atoms"),
        (replace(embed("CCO"), bonds=None), "its bonds are not known"),
        (embed("CCO.O"), "it is 2 molecules"),
        (embed("C[CH2]"), "it is a radical, or its hydrogens are missing"),
        (replace(embed("CCO"), pos=embed("CCO").pos * np.nan), "not finite"),
        (replace(embed("CCO"), pos=embed("CCO").pos * 1.5), "are 2.2"),
        (replace(embed("CCO"), pos=embed("CCO").pos * [1, 1, 0]), "bonded, are 0."),
        (embed("CCCC"), "it has 14 atoms"),
        (embed("C[Si](C)(C)C"), "does not know Si"),
    ],
)
def test_what_is_unsuitable_comes_back(setting: Setting, molecule: Molecule, reason: str) -> None:
    if reason == "it has no atoms":
        molecule = Molecule(np.zeros(0), np.zeros((0, 3)), np.zeros((0, 3)))
    told: list[int] = []
    (after,) = fixed(setting, lambda pos, _: pos)([molecule], told.append)
    assert after.record["refined"] == 0
    assert reason in after.record["unrefined"]
    assert np.array_equal(after.pos, molecule.pos, equal_nan=True)
    assert told == [1]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda pos, _: pos * torch.nan, "the model's coordinates are not finite"),
        (lambda pos, _: pos * 1.5, "it broke: its atoms"),
        (lambda pos, _: pos * torch.tensor([1.0, 1.0, -1.0]), "it broke: its stereochemistry became"),
    ],
)
def test_what_breaks_comes_back(
    setting: Setting, change: Callable[[torch.Tensor, int], torch.Tensor], reason: str
) -> None:
    molecule = embed("C[C@H](O)C#N")
    (after,) = fixed(setting, change)([molecule])
    assert after.record["refined"] == 0
    assert reason in after.record["unrefined"]
    assert untouched(molecule, after)


def test_a_molecule_that_is_bent_away_comes_back(setting: Setting) -> None:
    """An azide of 180 degrees, bent to 126."""
    azide = replace(embed("N=[N+]=[N-]"), record={})

    def change(pos: torch.Tensor, row: int) -> torch.Tensor:
        bent = pos.clone()
        centre, end = pos[0, 1], pos[0, 2]
        side = torch.linalg.cross(end - centre, pos[0, 3] - centre)
        bent[0, 2] = centre + 0.6 * (end - centre) + 0.9 * side / side.norm()
        return bent

    (after,) = fixed(setting, change)([azide])
    assert after.record["refined"] == 0 and untouched(azide, after)
    assert "it broke: the angle N1-N2-N3 went from 1" in after.record["unrefined"]


def test_the_frame_is_the_molecules_own(setting: Setting) -> None:
    molecule, generator = embed("CC(=O)N"), torch.Generator().manual_seed(1)

    def change(pos: torch.Tensor, row: int) -> torch.Tensor:
        return pos @ random_rotation(1, generator)[0].mT + 3.0

    (after,) = fixed(setting, change)([molecule])
    assert after.record["refined"] == 1 and after.record["rmsd_moved"] < 1e-3


def test_refining_twice_moves_little(model: MoleculeGenerator) -> None:
    before = embed("CC(=O)OC")
    (after,) = Refinement(model.setting, model.source(SamplingOptions()))([before])
    (again,) = Refinement(model.setting, model.source(SamplingOptions()))([after])
    assert again.record["rmsd_moved"] < 0.5 * after.record["rmsd_moved"], "it is where the density peaks"


def test_large_files_are_polished_in_chunks(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refinement, "CHUNK", 2)
    molecules = [embed(s) for s in ("O", "CO", "C=O", "CC", "C#N")]
    told: list[int] = []
    asked = fixed(setting, lambda pos, _: pos)
    after = asked(molecules, told.append)
    assert asked.source.sizes == [2, 2, 1]
    assert told == [2, 2, 1]
    assert [m.smiles for m in after] == [m.smiles for m in molecules]
    assert all(m.record["rmsd_moved"] < 1e-3 for m in after)


def test_an_earlier_refinement_is_not_remembered(setting: Setting) -> None:
    earlier = replace(embed("CCBr"), record={"refined": 1, "rmsd_moved": 0.1})
    (after,) = fixed(setting, lambda pos, _: pos)([earlier])
    assert after.record["refined"] == 0 and "rmsd_moved" not in after.record


@pytest.mark.parametrize("strength", [0.0, -0.1, 0.31, 2.0, float("nan")])
def test_a_strength_out_of_range_is_refused(setting: Setting, strength: float) -> None:
    with pytest.raises(InputError, match=r"is not in \(0, 0.3\]"):
        Refinement(setting, Fixed(lambda pos, _: pos), strength)


def test_no_steps_are_refused(setting: Setting) -> None:
    with pytest.raises(InputError, match="--steps must be at least 1, got 0"):
        Refinement(setting, Fixed(lambda pos, _: pos), steps=0)


def test_a_model_without_bonds_is_refused(without_bonds: Setting) -> None:
    with pytest.raises(InputError, match="refine needs a model that draws bonds"):
        fixed(without_bonds, lambda pos, _: pos)


def test_superposition_undoes_a_motion_but_no_reflection() -> None:
    generator = torch.Generator().manual_seed(2)
    points = torch.randn(7, 3, generator=generator, dtype=torch.float64)
    turned = points @ random_rotation(1, generator, torch.float64)[0] + 4.0
    assert np.allclose(superposed(turned.numpy(), points.numpy()), points.numpy())
    image = superposed((points * torch.tensor([1.0, 1.0, -1.0])).numpy(), points.numpy())
    assert np.abs(image - points.numpy()).max() > 0.1
