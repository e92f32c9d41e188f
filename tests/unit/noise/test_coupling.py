"""Transport coupling against a search over all permutations, and the law of the noise it hands back."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from molgen.core import MolBatch, NoiseLevels
from molgen.core.fragments import free_around
from molgen.core.geometry import centre, random_rotation
from molgen.noise import EquivariantTransport
from molgen.noise.coupling import _same

SEEDS = st.integers(0, 2**31)
COUPLING = EquivariantTransport()
MULTIPLE = 5.0


def batch(sizes: list[int], generator: torch.Generator) -> tuple[MolBatch, Tensor]:
    """Random molecules with elements and no bonds drawn, and centred noise of unit scale."""
    mask = torch.arange(max(sizes)) < torch.tensor(sizes).unsqueeze(1)
    pos, noise = torch.randn(2, *mask.shape, 3, generator=generator, dtype=torch.float64)
    kinds = torch.randint(0, 3, mask.shape, generator=generator)
    atom = torch.nn.functional.one_hot(kinds, 3).double()
    bond = torch.zeros(*mask.shape, mask.shape[1], 4, dtype=torch.float64)
    molecules = MolBatch(mask=mask, pos=centre(2 * pos, mask), atom=atom, bond=bond).masked()
    return molecules, centre(noise, mask)


def levels(x0: MolBatch, **free: Tensor) -> NoiseLevels:
    """Time 0.5 for what is free."""
    return NoiseLevels.partial(torch.full((len(x0),), 0.5, dtype=torch.float64), x0, free)


def cost(x0: MolBatch, noise: Tensor) -> Tensor:
    """Squared distance of each molecule to its noise, ``(B,)``."""
    return (x0.pos - noise).square().sum(dim=(1, 2))


def anchored(x0: MolBatch, given: Tensor) -> NoiseLevels:
    """Levels where some atoms are given with all they have."""
    return levels(x0, **free_around(x0, given))


def same_set(found: Tensor, expected: Tensor) -> None:
    """Rows are the same vectors in some order."""
    distance = torch.cdist(found, expected)
    assert distance.min(dim=1).values.max() < 1e-12
    assert distance.argmin(dim=1).unique().numel() == len(expected)


@given(seed=SEEDS)
def test_assignment_is_the_best_of_all_permutations(seed: int) -> None:
    """Four free atoms beside a given one, which forbids rotating: the cheapest of 24 renamings."""
    x0, noise = batch([5], torch.Generator().manual_seed(seed))
    given = torch.tensor([[True, False, False, False, False]])
    found = COUPLING(x0, noise, anchored(x0, given))
    renamed = [noise[:, [0, *order]] for order in itertools.permutations(range(1, 5))]
    best = min(renamed, key=lambda candidate: float(cost(x0, candidate)))
    assert torch.equal(found, best)


@given(seed=SEEDS, sizes=st.lists(st.integers(1, 7), min_size=1, max_size=4))
def test_cost_never_rises_and_the_noise_is_the_same(seed: int, sizes: list[int]) -> None:
    """Neither for whole molecules nor beside given atoms; distances within the noise are kept."""
    generator = torch.Generator().manual_seed(seed)
    x0, noise = batch(sizes, generator)
    given = torch.rand(x0.mask.shape, generator=generator) < 0.3
    for pattern in (levels(x0), anchored(x0, given)):
        found = COUPLING(x0, noise, pattern)
        assert (cost(x0, found) <= cost(x0, noise) + 1e-9).all()
        assert not found[~x0.mask].any()
        for row, atoms in enumerate(sizes):
            lengths = [torch.pdist(value[row, :atoms]).sort().values for value in (found, noise)]
            torch.testing.assert_close(*lengths)


def test_whole_molecules_are_turned() -> None:
    """Noise that is the molecule renamed and rotated a little comes back as the molecule."""
    x0, _ = batch([6, 4], torch.Generator().manual_seed(0))
    cosine, sine = math.cos(0.1), math.sin(0.1)
    matrix = torch.tensor([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]], dtype=torch.float64)
    order = torch.tensor([[3, 2, 1, 0, 4, 5], [3, 2, 1, 0, 4, 5]])
    noise = torch.take_along_dim(x0.pos @ matrix.T, order.unsqueeze(-1), dim=1)
    torch.testing.assert_close(COUPLING(x0, noise, levels(x0)), x0.pos, rtol=0, atol=1e-9)


def test_given_bonds_forbid_renaming() -> None:
    """A clean bond would tell which noise an atom got; turning the molecule tells nothing."""
    x0, noise = batch([5, 3], torch.Generator().manual_seed(1))
    found = COUPLING(x0, noise, levels(x0, bond=torch.zeros_like(x0.entry_mask("bond"))))
    torch.testing.assert_close(found @ found.mT, noise @ noise.mT)
    assert (cost(x0, found) < cost(x0, noise)).all()


@given(seed=SEEDS)
def test_given_elements_are_renamed_among_themselves(seed: int) -> None:
    """Of all renamings that keep elements together, the best is found, before the molecule is turned."""
    x0, noise = batch([6], torch.Generator().manual_seed(seed))
    kinds = x0["atom"][0].argmax(dim=-1)
    found = COUPLING(x0, noise, levels(x0, atom=torch.zeros_like(x0.mask)))
    allowed = [list(o) for o in itertools.permutations(range(6)) if torch.equal(kinds[list(o)], kinds)]
    best = min(allowed, key=lambda order: float(cost(x0, noise[:, order])))
    renamed = noise[:, best]
    torch.testing.assert_close(found @ found.mT, renamed @ renamed.mT)


def test_pairs_with_given_atoms_tell_atoms_apart() -> None:
    """An atom whose given bond to a given atom sets it apart keeps its noise; the others exchange theirs."""
    x0, noise = batch([6], torch.Generator().manual_seed(3))
    given = torch.zeros_like(x0.mask)
    given[0, 0] = True
    closed = levels(x0, **free_around(x0, given, closed=given))
    order = torch.zeros(1, 6, 6, dtype=torch.int64)
    for bonded in ([], [1]):
        order[0, 0, bonded] = order[0, bonded, 0] = 1
        molecules = x0.replace(bond=torch.nn.functional.one_hot(order, 4).to(x0.pos)).masked()
        found = COUPLING(molecules, noise, closed)
        kept = [0, *bonded]
        assert torch.equal(found[0, kept], noise[0, kept])
        assert not torch.equal(found, noise)
        same_set(found[0], noise[0])


def test_given_positions_forbid_turning() -> None:
    """Each atom takes the very noise of some free atom; the given atom keeps its own, to the bit."""
    x0, noise = batch([6, 5], torch.Generator().manual_seed(2))
    given = torch.tensor(
        [[True, True, False, False, False, False], [True, False, False, False, False, False]]
    )
    found = COUPLING(x0, noise, anchored(x0, given))
    assert torch.equal(found[given], noise[given])
    assert not torch.equal(found, noise)
    for row in range(2):
        free = x0.mask[row] & ~given[row]
        same_set(found[row][free], noise[row][free])


@pytest.mark.parametrize("atoms", [2, 5])
def test_the_law_of_noise_is_kept(atoms: int) -> None:
    """For molecules of random names and attitude, coupled noise is white again on its subspace.

    Moments of 4000 molecules, averaged over renamings and rotations, within 5 standard errors.
    """
    generator, count = torch.Generator().manual_seed(3), 4000
    x0, noise = batch([atoms] * count, generator)
    found = COUPLING(x0, noise, levels(x0)).flatten(start_dim=1)
    centring = torch.eye(atoms, dtype=torch.float64) - 1 / atoms
    projector = torch.kron(centring, torch.eye(3, dtype=torch.float64))
    assert found.mean(dim=0).abs().max() < MULTIPLE / math.sqrt(count)
    covariance = found.T @ found / count
    assert (covariance - projector).abs().max() < MULTIPLE * math.sqrt(2 / count)


def graph_given(x0: MolBatch) -> NoiseLevels:
    """Levels where all but positions is given."""
    given = {name: torch.zeros_like(x0.entry_mask(name)) for name in ("atom", "bond")}
    return levels(x0, pos=x0.mask, **given)


def test_the_lean_is_that_of_many_draws(generator: torch.Generator) -> None:
    """Of molecules of 2 to 12 atoms, one of them flat."""
    x0, _ = batch([12, 5, 3, 2], generator)
    x0 = x0.replace(pos=x0.pos * torch.tensor([1.0, 1.0, 0.0]).where(torch.arange(4).view(4, 1, 1) == 1, 1.0))
    found = COUPLING.lean(x0, graph_given(x0), 1.5).flatten()
    many = 3000
    repeated = x0.take(torch.arange(4).repeat(many))
    noise = 1.5 * torch.randn(repeated.pos.shape, generator=generator, dtype=torch.float64)
    coupled = COUPLING(repeated, centre(noise, repeated.mask), graph_given(repeated))
    along = (coupled * repeated.pos).sum(dim=(1, 2)) / repeated.pos.square().sum(dim=(1, 2))
    torch.testing.assert_close(found, along.view(many, 4).mean(dim=0), rtol=0.06, atol=0)


def test_the_lean_of_a_molecule_is_its_own(generator: torch.Generator) -> None:
    """Whatever is beside it, wherever its atoms stand in the list and however it is turned."""
    x0, _ = batch([9, 5], generator)
    together = COUPLING.lean(x0, graph_given(x0), 1.0)
    alone = x0.take(torch.tensor([1])).crop(5)
    torch.testing.assert_close(COUPLING.lean(alone, graph_given(alone), 1.0), together[1:])
    turned = alone.replace(pos=alone.pos[:, [3, 1, 0, 4, 2]] @ random_rotation(1, generator, torch.float64))
    torch.testing.assert_close(COUPLING.lean(turned, graph_given(turned), 1.0), together[1:])


def test_nothing_leans_to_what_cannot_be_turned(generator: torch.Generator) -> None:
    """Anchored molecules, single atoms, and those that are not finite, which harm no other."""
    x0, _ = batch([6, 6, 1], generator)
    given = torch.zeros_like(x0.mask)
    given[0, :3] = True
    anchor = levels(x0, pos=~given, atom=given & False)
    pos = x0.pos.clone()
    before = COUPLING.lean(x0, anchor, 1.0)
    assert not before[0].any() and before[1] > 0 and not before[2].any()
    pos[0, 1] = torch.nan
    broken = x0.replace(pos=pos)
    assert torch.equal(COUPLING.lean(broken, graph_given(broken), 1.0)[1], before[1])
    assert not COUPLING.lean(broken, graph_given(broken), 1.0)[0].any()


@given(seed=SEEDS, rows=st.integers(1, 8), width=st.integers(1, 90))
def test_rows_are_the_same_where_no_entry_differs(seed: int, rows: int, width: int) -> None:
    drawn = torch.rand(2, rows, width, generator=torch.Generator().manual_seed(seed)) < 2 / width
    view = drawn.float()
    assert torch.equal(_same(view), (view.unsqueeze(1) == view.unsqueeze(2)).all(dim=-1))


def test_autocast_changes_nothing() -> None:
    """Validation and prediction run inside it; matrices have no decomposition in half precision."""
    double, noise = batch([5, 3, 4], torch.Generator().manual_seed(1))
    x0, noise = double.to(torch.float32), noise.float()
    times = NoiseLevels.uniform(torch.full((3,), 0.5), x0)
    held = NoiseLevels.partial(torch.full((3,), 0.5), x0, {"atom": ~x0.mask, "bond": ~x0.entry_mask("bond")})
    plain = [COUPLING(x0, noise, times), COUPLING(x0, noise, held), COUPLING.lean(x0, times, 1.0)]
    with torch.autocast("cpu", torch.bfloat16):
        cast = [COUPLING(x0, noise, times), COUPLING(x0, noise, held), COUPLING.lean(x0, times, 1.0)]
    assert all(torch.equal(a, b) for a, b in zip(plain, cast, strict=True))
