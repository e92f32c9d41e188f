"""The judge that a training callback holds, and its pictures."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem

from molgen.chem import Molecule, encode
from molgen.core import MolBatch, Vocab
from molgen.core.errors import ConfigError, InputError
from molgen.evaluation import ProtocolJudge, ReferenceSet, grid_picture
from molgen.evaluation.pictures import CELL


@pytest.fixture
def judge(vocab: Vocab) -> ProtocolJudge:
    return ProtocolJudge(vocab, ["edm", "bonded"], ReferenceSet.from_smiles(["CCO"], "test"))


@pytest.fixture
def batches(vocab: Vocab, ethanol: Molecule, pair: Molecule, extra_hydrogen: Molecule) -> list[MolBatch]:
    return [encode(group, vocab, ["atom"]) for group in ([ethanol, pair], [extra_hydrogen, ethanol])]


def test_figures(judge: ProtocolJudge, batches: list[MolBatch]) -> None:
    metrics = judge(batches)
    assert metrics["edm/molecule_stability"] == 0.75
    assert metrics["edm/validity"] == 0.75
    assert metrics["edm/uniqueness"] == pytest.approx(2 / 3)
    assert metrics["edm/novelty"] == 0.5
    assert metrics["edm/connected"] == 0.5
    assert all(isinstance(value, float) for value in metrics.values())


def test_each_protocol_judges_by_its_own_bonds(judge: ProtocolJudge, vocab: Vocab, ethanol: Molecule) -> None:
    """Stretched bonds are seen by the edm rule alone."""
    batch = encode([ethanol, ethanol], vocab, ["atom", "charge", "bond"])
    metrics = judge(batch.replace(pos=1.5 * batch.pos))
    assert metrics["edm/molecule_stability"] == 0
    assert metrics["edm/connected"] == 0
    assert metrics["bonded/molecule_stability"] == 1
    assert metrics["bonded/valid_and_connected"] == 1
    assert metrics["bonded/uniqueness"] == 0.5
    assert metrics["bonded/novelty"] == 0


def test_a_judge_needs_protocols_each_once(vocab: Vocab) -> None:
    for names in ([], ["edm", "edm"]):
        with pytest.raises(ConfigError, match="each once"):
            ProtocolJudge(vocab, names)


def test_molecules_and_batches_are_judged_alike(judge: ProtocolJudge, batches: list[MolBatch]) -> None:
    molecules = judge.molecules(batches)
    assert judge(molecules) == judge(batches)
    assert judge(batches[0]) == judge(molecules[:2])


def test_without_a_reference_novelty_is_left_out(vocab: Vocab, batches: list[MolBatch]) -> None:
    assert not [name for name in ProtocolJudge(vocab, ["edm", "bonded"])(batches) if "novelty" in name]
    assert ProtocolJudge(vocab, ["edm"], "qm9")(batches)["edm/novelty"] >= 0


def test_names_do_not_depend_on_the_samples(
    judge: ProtocolJudge, vocab: Vocab, ethanol: Molecule, extra_hydrogen: Molecule
) -> None:
    assert judge([extra_hydrogen]).keys() == judge([ethanol]).keys()
    bare = ProtocolJudge(vocab, ["bonded"])
    assert bare([extra_hydrogen]).keys() == bare([ethanol]).keys()
    assert judge([extra_hydrogen])["edm/uniqueness"] == 0


def test_mol_blocks_are_those_of_valid_molecules(judge: ProtocolJudge, batches: list[MolBatch]) -> None:
    blocks = judge.mol_blocks(batches)
    names = [Chem.MolToSmiles(Chem.MolFromMolBlock(block)) for block in blocks]
    assert names == ["CCO", "C.O", "CCO"]
    assert len(judge.mol_blocks(batches, count=1)) == 1


def test_grid_shows_failures_beside_successes(judge: ProtocolJudge, batches: list[MolBatch]) -> None:
    picture = judge.picture(batches, columns=2)
    assert picture.size == (2 * CELL[0], 2 * CELL[1])
    pixels = np.asarray(picture.convert("L"))
    good, failed = pixels[: CELL[1], : CELL[0]], pixels[CELL[1] :, : CELL[0]]
    top, middle = slice(0, 70), slice(80, 140)
    assert (good[top] < 128).any()
    assert (failed[top] > 250).all()
    assert (failed[middle] < 128).any()


def test_every_failure_can_be_drawn(
    not_finite: Molecule, no_atoms: Molecule, chlorine: Molecule, pair: Molecule
) -> None:
    assert grid_picture([not_finite, no_atoms, chlorine, pair], columns=8).size == (4 * CELL[0], CELL[1])
    with pytest.raises(InputError, match="0 molecules"):
        grid_picture([])
