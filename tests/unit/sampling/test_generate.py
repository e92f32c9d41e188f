"""Generator returns what was asked for, in the order asked, and leaves the model as it found it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from molgen.core import Denoiser, LevelSupport, MolBatch, NoiseLevels
from molgen.core.contracts import Condition
from molgen.core.errors import InputError
from molgen.noise import JointNoise
from molgen.sampling import AncestralSampler, DDIMSampler, Generator

SIZES = torch.tensor([4, 1, 7, 4, 2, 9, 3])


class Shrinking(Denoiser):
    """Predicts half of what it sees and notes the sizes and mode of every call."""

    level_support = LevelSupport.PER_ENTRY

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[list[int], bool]] = []

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base."""
        self.calls.append((x_t.num_atoms.tolist(), self.training))
        return x_t.map(lambda _, value: 0.5 * value)


class Failing(Denoiser):
    """Never answers."""

    level_support = LevelSupport.PER_ENTRY

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base."""
        raise FloatingPointError("no answer")


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_sizes_come_back_in_request_order(noise: JointNoise) -> None:
    """One unpadded molecule with the noise's fields per request, whatever batches they were drawn in."""
    drawn = Generator(Shrinking(), noise, AncestralSampler(3), batch_size=2)(SIZES, seeded(0))
    assert [molecule.mask.shape for molecule in drawn] == [(1, size) for size in SIZES.tolist()]
    for molecule in drawn:
        assert tuple(name for name, _ in molecule.items()) == noise.fields
        assert molecule.mask.all()
        assert molecule.pos.sum(dim=1).abs().max() < 1e-4
        assert torch.equal(molecule["atom"].sum(dim=-1), torch.ones(molecule.mask.shape))


def test_batches_hold_like_sizes(noise: JointNoise) -> None:
    """Largest first, at most ``batch_size`` at once: the first batch shows whether memory suffices."""
    denoiser = Shrinking()
    Generator(denoiser, noise, AncestralSampler(1), batch_size=3)(SIZES, seeded(0))
    assert [sizes for sizes, _ in denoiser.calls[::2]] == [[9, 7, 4], [4, 3, 2], [1]]


@pytest.mark.parametrize("steps", [1, 2, 25])
def test_nfe_is_the_number_of_denoiser_calls(noise: JointNoise, steps: int) -> None:
    """One call per step and one at the end, as the sampler says before and after."""
    denoiser, sampler = Shrinking(), DDIMSampler(steps)
    samples = sampler(denoiser, noise, noise.template(SIZES), seeded(0))
    assert samples.nfe == sampler.nfe(noise) == len(denoiser.calls) == steps + 1


@pytest.mark.parametrize("sampler", [AncestralSampler(4), DDIMSampler(4)])
def test_the_seed_decides(noise: JointNoise, sampler: AncestralSampler | DDIMSampler) -> None:
    """The same seed gives the same molecules bit by bit, another seed others."""
    generate = Generator(Shrinking(), noise, sampler, batch_size=2)
    first, again, other = (generate(SIZES, seeded(seed)) for seed in (3, 3, 4))
    for one, same in zip(first, again, strict=True):
        assert all(torch.equal(value, same[name]) for name, value in one.items())
    assert not torch.equal(first[0].pos, other[0].pos)


def test_equal_requests_give_different_molecules(noise: JointNoise) -> None:
    first, second = Generator(Shrinking(), noise, AncestralSampler(2))(torch.tensor([5, 5]), seeded(0))
    assert not torch.equal(first.pos, second.pos)


def test_progress_counts_every_molecule(noise: JointNoise) -> None:
    told: list[int] = []
    Generator(Shrinking(), noise, AncestralSampler(1), batch_size=3)(SIZES, seeded(0), told.append)
    assert told == [3, 3, 1]


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_restored(noise: JointNoise, training: bool) -> None:
    """Drawing happens in evaluation mode; afterwards the denoiser is as before."""
    denoiser = Shrinking().train(training)
    Generator(denoiser, noise, AncestralSampler(1))(SIZES, seeded(0))
    assert not any(mode for _, mode in denoiser.calls)
    assert denoiser.training is training


def test_the_mode_is_restored_after_an_error(noise: JointNoise) -> None:
    denoiser = Failing().train()
    with pytest.raises(FloatingPointError, match="no answer"):
        Generator(denoiser, noise, AncestralSampler(1))(SIZES, seeded(0))
    assert denoiser.training


@pytest.mark.parametrize(
    ("sizes", "batch_size"),
    [
        (torch.tensor([], dtype=torch.int64), 8),
        (torch.tensor([5, 0]), 8),
        (torch.tensor([-1]), 8),
        (SIZES, 0),
    ],
)
def test_impossible_requests_are_refused(noise: JointNoise, sizes: Tensor, batch_size: int) -> None:
    """No molecules, no atoms or no batch: an error that says so, before the denoiser is called."""
    denoiser = Shrinking()
    with pytest.raises(InputError, match="at least one molecule, sizes of at least 1"):
        Generator(denoiser, noise, AncestralSampler(1), batch_size)(sizes, seeded(0))
    assert not denoiser.calls


def test_no_gradients_are_kept(noise: JointNoise) -> None:
    """Sampling through parameters does not build a graph."""

    class Scaling(Shrinking):
        def __init__(self) -> None:
            super().__init__()
            self.scale = torch.nn.Parameter(torch.tensor(0.5))

        def forward(
            self,
            x_t: MolBatch,
            levels: NoiseLevels,
            cond: Condition | None = None,
            previous: MolBatch | None = None,
        ) -> MolBatch:
            return x_t.map(lambda _, value: self.scale * value)

    (molecule,) = Generator(Scaling(), noise, AncestralSampler(2))(torch.tensor([3]), seeded(0))
    assert not molecule.pos.requires_grad
