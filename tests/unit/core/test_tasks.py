"""Tasks: which entries they give, and in which frame."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from molgen.core import MolBatch, NoiseLevels
from molgen.core.errors import FieldError, InputError
from molgen.core.fragments import GivenFragment, free_around
from molgen.core.geometry import centre
from molgen.core.tasks import Given, GivenFields, frame_origin

SIZES = st.lists(st.integers(1, 12), min_size=1, max_size=5)
SEEDS = st.integers(0, 2**31)


def trees(sizes: list[int], generator: torch.Generator) -> MolBatch:
    """Molecules whose every atom but the first is bonded to one before it; off the origin."""
    mask = torch.arange(max(sizes)) < torch.tensor(sizes).unsqueeze(1)
    order = torch.zeros(*mask.shape, mask.shape[1], dtype=torch.int64)
    for atom in range(1, mask.shape[1]):
        parent = torch.randint(0, atom, (len(sizes),), generator=generator)
        order[torch.arange(len(sizes)), atom, parent] = 1
    bond = torch.nn.functional.one_hot(order + order.mT, 4).double()
    pos = 1 + torch.randn(*mask.shape, 3, generator=generator, dtype=torch.float64)
    return MolBatch(mask=mask, pos=pos, atom=torch.ones(*mask.shape, 1).double(), bond=bond).masked()


def connected(bonded: Tensor, atoms: Tensor) -> bool:
    """Whether the atoms, ``(N,)`` bool, hang together by bonds among themselves."""
    links = (bonded & atoms.unsqueeze(0) & atoms.unsqueeze(1)).double()
    reach = torch.linalg.matrix_power(links + torch.eye(len(links), dtype=links.dtype), len(links)) > 0
    return bool(reach[atoms][:, atoms].all())


@given(sizes=SIZES, seed=SEEDS)
def test_fragments_are_connected_and_leave_something(sizes: list[int], seed: int) -> None:
    """In every molecule the given part is one piece, and at least one atom is free."""
    generator = torch.Generator().manual_seed(seed)
    molecules = trees(sizes, generator)
    free = GivenFragment().free(molecules, generator)
    fragment = ~free["pos"] & molecules.mask
    bonded = molecules["bond"][..., 1:].sum(dim=-1) > 0
    for row in range(len(sizes)):
        assert connected(bonded[row], fragment[row])
    assert ((free["pos"] & molecules.mask).sum(dim=1) > 0).all()
    assert torch.equal(free["atom"], free["pos"])
    assert torch.equal(~free["bond"], ~free["pos"].unsqueeze(1) & ~free["pos"].unsqueeze(2))


def test_fragments_have_the_wanted_share() -> None:
    """Of a chain of 10 heavy atoms with 2 ends, at least 20 % and at most 80 % are given, and both occur."""
    chain = torch.diag(torch.ones(11), 1).long()
    bond = torch.nn.functional.one_hot(chain + chain.T, 4).double().expand(500, 12, 12, 4)
    molecules = MolBatch(torch.ones(500, 12, dtype=torch.bool), torch.zeros(500, 12, 3), bond=bond)
    free = GivenFragment(0.2, 0.8).free(molecules, torch.Generator().manual_seed(0))
    heavy = (~free["pos"])[:, 1:-1].sum(dim=1)
    assert (int(heavy.min()), int(heavy.max())) == (2, 8)
    ends = (~free["pos"])[:, [0, -1]]
    assert ends.any() and not ends.all()


@given(sizes=SIZES, seed=SEEDS)
def test_given_fields_are_whole(sizes: list[int], seed: int) -> None:
    molecules = trees(sizes, torch.Generator().manual_seed(seed))
    free = GivenFields(["bond"]).free(molecules, torch.Generator())
    assert {name: bool(pattern.all()) for name, pattern in free.items()} == {
        "pos": True,
        "atom": True,
        "bond": False,
    }
    assert not free["bond"].any()


@given(sizes=SIZES, seed=SEEDS)
def test_the_origin_is_the_centroid_of_what_is_given(sizes: list[int], seed: int) -> None:
    """Of the given atoms, or of all where no position is given; taking it away and back returns."""
    generator = torch.Generator().manual_seed(seed)
    molecules = trees(sizes, generator)
    fragment = (torch.rand(molecules.mask.shape, generator=generator) < 0.4) & molecules.mask
    known = Given(molecules, free_around(molecules, fragment))
    anchored = known.anchored().molecules
    for row, atoms in enumerate(sizes):
        anchors = fragment[row] if fragment[row].any() else molecules.mask[row]
        assert anchored.pos[row][anchors].mean(dim=0).abs().max() < 1e-12
        assert not anchored.pos[row, atoms:].any()
    back = known.restored(anchored)
    torch.testing.assert_close(back.pos, molecules.pos)
    assert torch.equal(back.pos[fragment], molecules.pos[fragment])


def test_uniform_levels_have_their_centroid_at_the_origin() -> None:
    """Level 0 of a whole molecule is no anchor."""
    molecules = trees([5, 3], torch.Generator().manual_seed(0))
    levels = NoiseLevels.uniform(torch.zeros(2, dtype=torch.float64), molecules)
    moved = (molecules.pos - frame_origin(molecules, levels)) * molecules.mask.unsqueeze(-1)
    torch.testing.assert_close(moved, centre(molecules.pos, molecules.mask))


@pytest.mark.parametrize(("smallest", "largest"), [(0.0, 0.5), (0.6, 0.5), (0.2, 1.0)])
def test_impossible_shares_are_refused(smallest: float, largest: float) -> None:
    with pytest.raises(InputError, match="0 < smallest <= largest < 1"):
        GivenFragment(smallest, largest)


def test_impossible_tasks_are_refused() -> None:
    """A field that does not exist, a fragment without bonds, a start outside (0, 1]."""
    molecules = trees([4], torch.Generator().manual_seed(0))
    with pytest.raises(InputError, match=r"\['colour'\] must be among"):
        GivenFields(["colour"])
    with pytest.raises(FieldError, match="'bond'"):
        GivenFragment().free(molecules.replace(bond=None), torch.Generator())
    for start in (0.0, 1.5):
        with pytest.raises(InputError, match=f"got start {start}"):
            Given(molecules, start=start)


@pytest.mark.parametrize("free", [{"bond": torch.ones(1, 2)}, {"pos": torch.ones(1, 3, dtype=torch.bool)}])
def test_masks_that_fit_no_field_are_refused(free: dict[str, torch.Tensor]) -> None:
    molecules = MolBatch(mask=torch.ones(1, 2, dtype=torch.bool), pos=torch.zeros(1, 2, 3))
    with pytest.raises(FieldError):
        Given(molecules, free)
