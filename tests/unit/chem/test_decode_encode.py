"""Tensors to molecules and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from molgen.chem import Molecule, decode, encode, perceive_bonds
from molgen.core import MolBatch, Vocab, pair_mask
from molgen.core.errors import FieldError, InputError

ALL_FIELDS = ("pos", "atom", "charge", "number", "bond")
VOCAB = Vocab(elements=["H", "C", "N", "O", "F"])


def random_molecule(rng: np.random.Generator, atoms: int) -> Molecule:
    """Random atoms, charges and bonds; no chemistry intended."""
    first, second = np.triu_indices(atoms, k=1)
    order = rng.integers(0, 4, len(first))
    rows = np.column_stack([first, second, order])[order > 0]
    numbers = rng.choice(VOCAB.atomic_numbers, atoms)
    return Molecule(numbers, rng.normal(size=(atoms, 3)), rows, rng.integers(-1, 2, atoms))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 7), min_size=1, max_size=5))
def test_round_trip_keeps_everything_but_the_place(seed: int, sizes: list[int]) -> None:
    rng = np.random.default_rng(seed)
    molecules = [random_molecule(rng, n) for n in sizes]
    for before, after in zip(molecules, decode(encode(molecules, VOCAB, ALL_FIELDS), VOCAB), strict=True):
        assert before.bonds is not None
        assert after.bonds is not None
        assert (before.numbers == after.numbers).all()
        assert before.bonds.tolist() == after.bonds.tolist()
        assert before.charges is not None
        assert after.charges is not None
        assert (before.charges == after.charges).all()
        assert np.allclose(before.pos - before.pos.mean(axis=0), after.pos, atol=1e-5)


def test_batch_keeps_the_contracts(methane: Molecule, kekule_benzene: Molecule) -> None:
    batch = encode(perceive_bonds([methane, kekule_benzene]), VOCAB, ALL_FIELDS)
    assert batch.num_atoms.tolist() == [5, 12]
    for name, value in batch.items():
        assert value.dtype == torch.float32
        assert value[~batch.entry_mask(name)].abs().sum() == 0
    assert torch.allclose(batch.pos.sum(dim=1), torch.zeros(2, 3), atol=1e-5)
    assert (batch["bond"].sum(dim=-1) == pair_mask(batch.mask)).all()
    assert (batch["bond"] == batch["bond"].transpose(1, 2)).all()
    assert batch["number"][0, :, 0].tolist() == [6, 1, 1, 1, 1] + [0] * 7


def test_encode_refuses_what_cannot_be_written(methane: Molecule) -> None:
    with pytest.raises(FieldError, match="has no bonds"):
        encode([methane], VOCAB, ["bond"])
    with pytest.raises(FieldError, match="colour"):
        encode([methane], VOCAB, ["colour"])
    with pytest.raises(InputError, match="at least one"):
        encode([], VOCAB, ["atom"])
    with pytest.raises(InputError, match="not finite"):
        encode([Molecule(np.array([6]), np.full((1, 3), np.nan))], VOCAB, ["atom"])
    with pytest.raises(InputError, match="16"):
        encode([Molecule(np.array([16]), np.zeros((1, 3)))], VOCAB, ["atom"])
    aromatic = Molecule(np.array([6, 6]), np.zeros((2, 3)), np.array([[0, 1, 4]]))
    with pytest.raises(InputError, match="order 4"):
        encode([aromatic], VOCAB, ["bond"])


def test_decode_perceives_bonds_where_the_model_has_none(methane: Molecule) -> None:
    (molecule,) = decode(encode([methane], VOCAB, ["atom"]), VOCAB)
    assert molecule.smiles == "C"
    assert molecule.charges is None


def test_decode_takes_the_models_bonds_where_it_has_them(methane: Molecule) -> None:
    batch = encode(perceive_bonds([methane]), VOCAB, ["atom", "bond"])
    far = batch.replace(pos=batch.pos * 10)
    assert [m.smiles for m in decode(far, VOCAB)] == ["C"]
    assert [m.smiles for m in decode(far.select(["atom"]), VOCAB)] == ["[C].[H].[H].[H].[H]"]


def test_decode_averages_the_two_directions_of_a_pair() -> None:
    scores = torch.zeros(1, 2, 2, 4)
    scores[0, 0, 1] = torch.tensor([0.0, 0.9, 1.0, 0.0])
    scores[0, 1, 0] = torch.tensor([0.0, 0.9, 0.0, 0.0])
    atom = torch.nn.functional.one_hot(torch.tensor([[1, 1]]), 5).float()
    batch = MolBatch(torch.ones(1, 2, dtype=torch.bool), torch.zeros(1, 2, 3), atom=atom, bond=scores)
    (molecule,) = decode(batch, VOCAB)
    assert molecule.bonds is not None
    assert molecule.bonds.tolist() == [[0, 1, 1]]


def test_decode_does_not_need_real_atoms_first(methane: Molecule) -> None:
    batch = encode(perceive_bonds([methane]), VOCAB, ["atom", "bond"]).pad_to(7)
    moved = batch.permute(torch.tensor([[5, 3, 0, 6, 1, 2, 4]]))
    (molecule,) = decode(moved, VOCAB)
    assert molecule.numbers.tolist() == [1, 6, 1, 1, 1]
    assert molecule.smiles == "C"


def test_values_that_are_not_finite_are_failures_of_that_molecule_alone(methane: Molecule) -> None:
    batch = encode([methane] * 3, VOCAB, ["atom"])
    pos, atom = batch.pos.clone(), batch["atom"].clone()
    pos[0, 2, 1] = torch.nan
    atom[1, 4, 0] = torch.inf
    first, second, third = decode(batch.replace(pos=pos, atom=atom), VOCAB)
    assert first.failure == "1 of 5 atoms have coordinates that are not finite"
    assert second.failure == "the model's atom scores are not finite"
    assert third.failure is None


def test_decode_wants_the_models_vocabulary(methane: Molecule) -> None:
    batch = encode([methane], VOCAB, ["atom"])
    with pytest.raises(FieldError, match="2 are expected"):
        decode(batch, Vocab(elements=["H", "C"]))
    with pytest.raises(FieldError, match="no field 'atom'"):
        decode(MolBatch(batch.mask, batch.pos), VOCAB)
