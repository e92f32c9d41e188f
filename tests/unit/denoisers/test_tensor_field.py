"""TensorField: what the contract tests, which see only whole denoisers, cannot see."""

from __future__ import annotations

import copy

import pytest
import torch

from molgen.core import MolBatch, NoiseLevels
from molgen.core.errors import ConfigError, FieldError
from molgen.core.geometry import random_rotation
from molgen.denoisers.tensor_field import TensorField
from molgen.nn.radial import SOFTENING

DIMS = {"pos": 3, "atom": 4}


def small(dims: dict[str, int] = DIMS, irreps: str = "8x0e+4x1o+2x2e", cutoff: float = 3.0) -> TensorField:
    """A narrow network with seeded weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return TensorField(dims, irreps=irreps, num_layers=2, cutoff=cutoff, radial_width=8)


def atoms(*places: tuple[float, float, float]) -> MolBatch:
    """One molecule with atoms at the given places, all of one type."""
    mask = torch.ones(1, len(places), dtype=torch.bool)
    pos = torch.tensor([places], dtype=torch.float64)
    return MolBatch(mask=mask, pos=pos, atom=torch.ones(1, len(places), 4, dtype=torch.float64))


def at_time(batch: MolBatch, time: float) -> NoiseLevels:
    """One time for everything."""
    return NoiseLevels.uniform(torch.full((len(batch),), time, dtype=batch.pos.dtype), batch)


def test_output_is_continuous_where_atoms_cross_the_cutoff() -> None:
    """A pair just inside the cutoff gives what it gives just outside, though the graph differs."""
    network = small().double()
    edge = (network.cutoff**2 - SOFTENING**2) ** 0.5
    inside, outside = (atoms((0, 0, 0), (0, 0, edge + shift)) for shift in (-1e-5, 1e-5))
    assert network.edges(inside).num_edges == 2
    assert network.edges(outside).num_edges == 0
    levels = at_time(inside, 0.5)
    near, far = network(inside, levels), network(outside, levels)
    for name, value in near.items():
        torch.testing.assert_close(value, far[name], atol=1e-4, rtol=0)


def test_atoms_farther_than_the_cutoff_do_not_interact() -> None:
    """Types of an atom out of reach leave the others alone; within reach they do not."""
    network = small().double()
    far, near = atoms((0, 0, 0), (0, 0, 3.5)), atoms((0, 0, 0), (0, 0, 1.5))
    for batch, reacts in ((far, False), (near, True)):
        changed = batch.atom.clone()
        changed[0, 1] = torch.tensor([2.0, -1.0, 0.0, 0.5])
        levels = at_time(batch, 0.5)
        before = network(batch, levels).atom[0, 0]
        after = network(batch.replace(atom=changed), levels).atom[0, 0]
        assert torch.equal(before, after) is not reacts


def test_gradients_agree_with_finite_differences() -> None:
    """Also at the place where two atoms coincide."""
    network = small().double()
    batch = atoms((0, 0, 0), (0, 0, 0), (0.4, -1.0, 1.2))
    levels = at_time(batch, 0.3)

    def outputs(pos: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(value for _, value in network(batch.replace(pos=pos), levels).items())

    assert torch.autograd.gradcheck(outputs, (batch.pos.clone().requires_grad_(),))


def test_built_in_single_precision_the_symmetry_error_is_that_of_its_constants() -> None:
    """e3nn stores Wigner symbols in the default type at construction, so a cast to float64 comes late."""
    network = small().double()
    generator = torch.Generator().manual_seed(0)
    batch = atoms(*torch.randn(5, 3, generator=generator).tolist())
    levels = at_time(batch, 0.5)
    matrix = random_rotation(1, generator, torch.float64)
    error = network(batch.rotate(matrix), levels).pos - network(batch, levels).rotate(matrix).pos
    assert 1e-12 < error.abs().max() < 1e-7


@pytest.mark.parametrize("seed", range(4))
def test_the_last_layer_starts_small(seed: int) -> None:
    """The initial output is well below the noise it has to predict, but not zero."""
    generator = torch.Generator().manual_seed(0)
    mask = torch.ones(16, 12, dtype=torch.bool)
    pos, atom = (torch.randn(16, 12, width, generator=generator) for width in (3, 4))
    batch = MolBatch(mask=mask, pos=pos, atom=atom)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = TensorField(DIMS)
    output = network(batch, at_time(batch, 0.5))
    for _, value in output.items():
        assert 0.01 < value.std() < 1.0


def test_copies_and_checkpoints_are_the_same_network() -> None:
    """A deep copy, as weight averaging makes, and a state dict in a fresh network give equal outputs."""
    network = small().double()
    with torch.no_grad():
        network.read_out.weight.mul_(3)
    fresh = small().double()
    fresh.load_state_dict(network.state_dict())
    batch = atoms((0, 0, 0), (0, 0, 1.2), (1.0, 0, -0.5))
    levels = at_time(batch, 0.5)
    expected = network(batch, levels)
    for twin in (copy.deepcopy(network), fresh):
        output = twin(batch, levels)
        assert torch.equal(output.pos, expected.pos)
        assert torch.equal(output["atom"], expected["atom"])


@pytest.mark.parametrize("dims", [{"pos": 3, "bond": 4}, {"atom": 5}, {"pos": 3, "velocity": 3}])
def test_unusable_fields_are_refused(dims: dict[str, int]) -> None:
    """Pair fields, unknown fields and a missing pos, with the list of fields that will do."""
    with pytest.raises(ConfigError, match=r"needs 'pos' and takes per-atom fields, \['atom', 'charge'"):
        small(dims)


@pytest.mark.parametrize("irreps", ["", "4x1o+8x0e", "8x0e+2x2e", "8 apples", "8x0o+4x1o"])
def test_unusable_irreps_are_refused(irreps: str) -> None:
    """Not irreps, no leading even scalars, or no vectors; the message shows a good example."""
    with pytest.raises(ConfigError, match=r"irreps .*32x0e\+16x1o\+8x2e"):
        small(irreps=irreps)


@pytest.mark.parametrize("size", [{"num_layers": 0}, {"num_basis": 0}, {"radial_width": 0}, {"cutoff": 0.1}])
def test_unusable_sizes_are_refused(size: dict[str, int]) -> None:
    """A cutoff of nothing would train a network of lonely atoms without a word."""
    name, value = next(iter(size.items()))
    with pytest.raises(ConfigError, match=f"needs positive sizes.*{name} {value}"):
        TensorField(DIMS, **size)


def test_a_batch_of_other_fields_is_refused() -> None:
    """Another width or another field: the message gives both."""
    batch = atoms((0, 0, 0))
    with pytest.raises(
        FieldError, match=r"carries fields \{'pos': 3\}, but .* built for \{'pos': 3, 'atom': 4\}"
    ):
        small()(batch.replace(atom=None), at_time(batch, 0.5))
    with pytest.raises(FieldError, match="'atom': 2"):
        small()(batch.replace(atom=batch["atom"][..., :2]), at_time(batch, 0.5))


def test_a_condition_is_refused() -> None:
    """Ignoring it would return unconditional molecules under a conditional name."""
    batch = atoms((0, 0, 0))
    with pytest.raises(ConfigError, match=r"no conditions, but got \['gap'\]"):
        small().double()(batch, at_time(batch, 0.5), {"gap": torch.zeros(1, 1)})
