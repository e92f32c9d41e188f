"""MolBatch: every operation keeps fields, mask and padding consistent."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from molgen.core import FIELDS, MolBatch, concatenate, pair_mask
from molgen.core.errors import FieldError
from molgen.core.geometry import random_orthogonal

WIDTHS = {"pos": 3, "atom": 5, "charge": 3, "number": 1, "bond": 4}
SIZES = st.lists(st.integers(1, 7), min_size=1, max_size=5)
SEEDS = st.integers(0, 2**31)


def random_batch(sizes: list[int], generator: torch.Generator) -> MolBatch:
    """A batch with every field, padded entries zero."""
    count, atoms = len(sizes), max(sizes)
    mask = torch.arange(atoms) < torch.tensor(sizes).unsqueeze(1)
    fields = {}
    for name, width in WIDTHS.items():
        lead = (count, atoms, atoms) if FIELDS[name].pairwise else (count, atoms)
        fields[name] = torch.randn(*lead, width, generator=generator, dtype=torch.float64)
    return MolBatch(mask=mask, **fields).masked()


def random_order(batch: MolBatch, generator: torch.Generator) -> torch.Tensor:
    """``(B, N)`` a permutation in every row, padding moved about too."""
    return torch.rand(batch.mask.shape, generator=generator).argsort(dim=1)


def same(left: MolBatch, right: MolBatch) -> bool:
    """Whether two batches are equal entry by entry."""
    names = [name for name, _ in left.items()]
    if names != [name for name, _ in right.items()] or not torch.equal(left.mask, right.mask):
        return False
    return all(torch.equal(left[name], right[name]) for name in names)


@given(SIZES, SEEDS)
def test_permute_moves_each_entry(sizes: list[int], seed: int) -> None:
    """Entry i of the result is entry order[i], on both axes of pair fields."""
    generator = torch.Generator().manual_seed(seed)
    batch = random_batch(sizes, generator)
    order = random_order(batch, generator)
    permuted = batch.permute(order)
    for row in range(len(batch)):
        index = order[row]
        assert torch.equal(permuted.pos[row], batch.pos[row][index])
        assert torch.equal(permuted["bond"][row], batch["bond"][row][index][:, index])
        assert torch.equal(permuted.mask[row], batch.mask[row][index])


@given(SIZES, SEEDS)
def test_permute_by_the_inverse_returns(sizes: list[int], seed: int) -> None:
    """A permutation followed by its inverse changes nothing."""
    generator = torch.Generator().manual_seed(seed)
    batch = random_batch(sizes, generator)
    order = random_order(batch, generator)
    assert same(batch.permute(order).permute(order.argsort(dim=1)), batch)


@given(SIZES, SEEDS)
def test_rotate_keeps_lengths_and_invariants(sizes: list[int], seed: int) -> None:
    """Only positions change, their norms and the padding do not."""
    generator = torch.Generator().manual_seed(seed)
    batch = random_batch(sizes, generator)
    matrix = random_orthogonal(len(batch), generator, torch.float64)
    rotated = batch.rotate(matrix)
    torch.testing.assert_close(rotated.pos[0, 0], matrix[0] @ batch.pos[0, 0])
    torch.testing.assert_close(rotated.pos.norm(dim=-1), batch.pos.norm(dim=-1))
    assert same(rotated.replace(pos=batch.pos), batch)
    assert not rotated.pos[~batch.mask].any()


@given(SIZES, SEEDS, st.integers(0, 4))
def test_crop_undoes_padding(sizes: list[int], seed: int, extra: int) -> None:
    """Padding adds zeros that cropping removes; the padded batch has as many atoms."""
    batch = random_batch(sizes, torch.Generator().manual_seed(seed))
    atoms = batch.mask.shape[1]
    padded = batch.pad_to(atoms + extra)
    assert padded.mask.shape[1] == atoms + extra
    assert torch.equal(padded.num_atoms, batch.num_atoms)
    assert same(padded, padded.masked())
    assert same(padded.crop(atoms), batch)


@given(SIZES, SEEDS)
def test_concatenate_undoes_iteration(sizes: list[int], seed: int) -> None:
    """Iterating gives each molecule unpadded; joining them gives the batch back."""
    batch = random_batch(sizes, torch.Generator().manual_seed(seed))
    molecules = list(batch)
    assert [m.mask.shape for m in molecules] == [(1, n) for n in sizes]
    assert all(m.mask.all() for m in molecules)
    assert same(concatenate(molecules), batch)


@given(SIZES, SEEDS)
def test_masked_clears_padding_and_nothing_else(sizes: list[int], seed: int) -> None:
    """Garbage in padded entries, and on the diagonal of pair fields, becomes zero."""
    batch = random_batch(sizes, torch.Generator().manual_seed(seed))
    dirty = batch.map(lambda name, value: value + 7.0 * ~batch.entry_mask(name).unsqueeze(-1))
    assert same(dirty.masked(), batch)


def test_select_keeps_positions_and_named_fields() -> None:
    """Positions stay although they are not named."""
    batch = random_batch([3, 2], torch.Generator().manual_seed(0))
    assert [name for name, _ in batch.select(["bond"]).items()] == ["pos", "bond"]


def test_select_names_the_missing_field() -> None:
    """The message says what is missing and what there is."""
    batch = random_batch([3], torch.Generator().manual_seed(0)).replace(charge=None)
    with pytest.raises(
        FieldError, match=r"no field 'charge'; it carries \['pos', 'atom', 'number', 'bond'\]"
    ):
        batch.select(["charge"])


@pytest.mark.parametrize("name", ["mask", "velocity"])
def test_indexing_knows_only_registered_fields(name: str) -> None:
    """Other attributes are not fields."""
    batch = random_batch([3], torch.Generator().manual_seed(0))
    with pytest.raises(FieldError, match=f"no field '{name}'"):
        batch[name]


def test_batch_is_frozen() -> None:
    """A field cannot be assigned; replace makes a new batch and leaves the old one."""
    batch = random_batch([3], torch.Generator().manual_seed(0))
    with pytest.raises(FrozenInstanceError):
        batch.pos = torch.zeros_like(batch.pos)  # type: ignore[misc]
    before = batch.pos.clone()
    changed = batch.replace(pos=batch.pos + 1)
    assert torch.equal(batch.pos, before)
    assert not torch.equal(changed.pos, before)


def test_to_changes_floats_and_not_the_mask() -> None:
    """The float type of every field changes; the mask stays bool, also on a move between devices."""
    batch = random_batch([3, 1], torch.Generator().manual_seed(0))
    single = batch.to(torch.float32)
    assert {value.dtype for _, value in single.items()} == {torch.float32}
    assert single.mask.dtype == torch.bool
    assert same(batch.to("cpu"), batch)
    assert batch.to("meta").mask.device.type == "meta"


def test_pair_mask_excludes_padding_and_self() -> None:
    """n (n - 1) ordered pairs per molecule."""
    mask = random_batch([4, 1, 3], torch.Generator().manual_seed(0)).mask
    pairs = pair_mask(mask)
    assert pairs.sum(dim=(1, 2)).tolist() == [12, 0, 6]
    assert not pairs.diagonal(dim1=1, dim2=2).any()


@pytest.mark.parametrize(
    "fields",
    [
        {"pos": torch.zeros(2, 4, 3)},
        {"pos": torch.zeros(2, 3)},
        {"pos": torch.zeros(2, 3, 3), "bond": torch.zeros(2, 3, 4)},
    ],
)
def test_wrong_shapes_are_refused(fields: dict[str, torch.Tensor]) -> None:
    """A field that does not fit the mask is refused with both shapes."""
    with pytest.raises(FieldError, match=r"has shape \(2, .*expected \(2, 3"):
        MolBatch(mask=torch.ones(2, 3, dtype=torch.bool), **fields)


def test_a_float_mask_is_refused() -> None:
    """The mask is bool, so that it can index."""
    with pytest.raises(FieldError, match=r"mask must be \(B, N\) bool"):
        MolBatch(mask=torch.ones(2, 3), pos=torch.zeros(2, 3, 3))


def test_impossible_operations_are_refused() -> None:
    """Padding down, cropping real atoms, joining nothing or unlike batches."""
    batch = random_batch([4, 2], torch.Generator().manual_seed(0))
    with pytest.raises(FieldError, match="cannot pad a batch of 4 atoms down to 3"):
        batch.pad_to(3)
    with pytest.raises(FieldError, match="cropping to 3 atoms"):
        batch.crop(3)
    with pytest.raises(FieldError, match="empty list"):
        concatenate([])
    with pytest.raises(FieldError, match="different fields"):
        concatenate([batch, batch.replace(charge=None)])
