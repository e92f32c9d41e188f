"""JointNoise treats each field by its own process, and says so when it cannot."""

from __future__ import annotations

import pytest
import torch

from molgen.core import MolBatch, NoiseLevels, Vocab
from molgen.core.errors import ConfigError, FieldError
from molgen.core.tasks import GivenFields
from molgen.noise import (
    EquivariantTransport,
    JointNoise,
    NoiseProcess,
    OneHotNoise,
    PolynomialSchedule,
    PositionNoise,
)
from molgen.noise.process import StepTimes

SIZES = torch.tensor([4, 2, 1])
COUPLED = EquivariantTransport()


def clean(noise: JointNoise) -> MolBatch:
    """Molecules drawn at random, with a charge field that EDM's noise does not carry."""
    generator = torch.Generator().manual_seed(0)
    drawn = noise.prior(noise.template(SIZES, torch.float64), generator)
    return drawn.replace(charge=torch.zeros(*drawn.mask.shape, 3, dtype=torch.float64))


def test_widths_follow_the_vocabulary(noise: JointNoise) -> None:
    processes = dict.fromkeys(("bond", "charge", "pos"), noise.processes["pos"])
    small = JointNoise(Vocab(["H", "C"], charges=[0]), processes)
    assert dict(noise.dims) == {"pos": 3, "atom": 5, "number": 1}
    assert dict(small.dims) == {"pos": 3, "charge": 1, "bond": 4}
    assert small.fields == ("pos", "charge", "bond")
    assert small.template(SIZES)["bond"].shape == (3, 4, 4, 4)


def test_shipped_units_are_edms(noise: JointNoise) -> None:
    """Positions as they are, one-hots divided by 4, nuclear charges by 10."""
    assert {field: noise.unit(field) for field in noise.fields} == {"pos": 1.0, "atom": 4.0, "number": 10.0}
    alpha, sigma = noise.alpha_sigma("atom", torch.tensor([0.0, 1.0]))
    assert alpha[0] > 0.99 and alpha[1] < 0.01
    torch.testing.assert_close(alpha**2 + sigma**2, torch.ones(2))


def test_corruption_follows_each_fields_own_times(noise: JointNoise) -> None:
    """Clean positions beside atoms at the prior; a field without a process is dropped."""
    x0 = clean(noise)
    times = {"pos": 0.0, "atom": 1.0, "number": 0.0}
    levels = NoiseLevels({f: torch.full(x0.mask.shape, t, dtype=torch.float64) for f, t in times.items()})
    noisy = noise.corrupt(x0, levels, torch.Generator().manual_seed(1))
    assert tuple(name for name, _ in noisy.items()) == noise.fields
    assert (noisy.pos - x0.pos).abs().max() < 0.03
    assert (noisy["number"] - x0["number"]).abs().max() < 0.3
    assert (noisy["atom"] - x0["atom"]).abs().max() > 4


def test_losses_are_means_over_real_atoms(noise: JointNoise) -> None:
    """Each field's loss is the sum of its process's divided by the batch's seven atoms, not by padding."""
    x0 = clean(noise).select(noise.fields)
    levels = NoiseLevels.uniform(torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64), x0)
    x0_hat = x0.map(lambda _, value: value + 0.1).masked()
    losses = noise.losses(x0_hat, x0, levels)
    assert set(losses) == set(noise.fields)
    for name, process in noise.processes.items():
        summed = process.loss(x0_hat[name], x0[name], levels[name], x0.mask)
        torch.testing.assert_close(losses[name], summed.sum() / 7)


def test_a_step_is_that_of_each_process(noise: JointNoise) -> None:
    """From levels per field, with one source of randomness, in registry order."""
    x0 = clean(noise).select(noise.fields)
    start, end = (NoiseLevels.uniform(torch.full((3,), t, dtype=torch.float64), x0) for t in (0.8, 0.3))
    moved = noise.step(x0, x0, (start, end), 1.0, torch.Generator().manual_seed(2))
    generator = torch.Generator().manual_seed(2)
    for name, process in noise.processes.items():
        times = StepTimes(t=start[name], s=end[name])
        assert torch.equal(moved[name], process.step(x0[name], x0[name], times, 1.0, x0.mask, generator))


def test_a_missing_field_is_named(noise: JointNoise) -> None:
    x0 = MolBatch(mask=clean(noise).mask, pos=clean(noise).pos)
    with pytest.raises(FieldError, match="'atom'"):
        noise.corrupt(x0, NoiseLevels.uniform(torch.zeros(3, dtype=torch.float64), x0), torch.Generator())


@pytest.mark.parametrize("fields", [["atom"], ["pos", "colour"], []])
def test_impossible_fields_are_refused(vocab: Vocab, fields: list[str]) -> None:
    process = PositionNoise(PolynomialSchedule())
    with pytest.raises(ConfigError, match="must include 'pos'"):
        JointNoise(vocab, {name: process for name in fields})


def test_units_exist_for_gaussian_fields_only(vocab: Vocab) -> None:
    class Foreign(NoiseProcess):
        """A process without a scale; nothing of it is called."""

        clean_at_zero = corrupt = prior = loss = step = renoise = reconstruct = None
        prior_kl = step_kl = reconstruction_nll = log_volume = None

    schedule = PolynomialSchedule()
    joint = JointNoise(
        vocab, {"pos": PositionNoise(schedule), "atom": OneHotNoise(schedule, 2.0), "bond": Foreign()}
    )
    assert joint.unit("atom") == 2.0
    with pytest.raises(ConfigError, match="field 'bond' has no Gaussian noise; its process is Foreign"):
        joint.unit("bond")
    with pytest.raises(ConfigError, match="Foreign"):
        joint.alpha_sigma("bond", torch.zeros(1))


def test_noise_leans_to_molecules_where_it_is_coupled(noise: JointNoise) -> None:
    """By the coupling's measure, in units of its own; independent noise does not."""
    x0 = clean(noise).select(noise.fields)
    free = GivenFields(["atom", "number"]).free(x0, torch.Generator())
    levels = NoiseLevels.partial(torch.ones(3, dtype=torch.float64), x0, free)
    unit = {"pos": PositionNoise(PolynomialSchedule(), unit=1.5)}
    coupled = JointNoise(noise.vocab, {**noise.processes, **unit}, COUPLED)
    assert torch.equal(coupled.lean(x0, levels), COUPLED.lean(x0, levels, 1.5))
    assert coupled.lean(x0, levels)[0] > 0.1
    assert noise.lean(x0, levels).shape == (3, 1, 1) and not noise.lean(x0, levels).any()
