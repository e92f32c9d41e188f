"""The LightningModule: losses keyed by seed and step, typed failures, and the optimiser it was given."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from molgen.core import Denoiser, LevelSupport, MolBatch, NoiseLevels
from molgen.core.contracts import Condition
from molgen.core.errors import ConfigError, NonFiniteLossError
from molgen.noise import JointNoise
from molgen.sampling import AncestralSampler, Generator
from molgen.training import DiffusionModule, Optimization


class Scale(Denoiser):
    """Multiplies by one learned number."""

    level_support = LevelSupport.PER_ENTRY

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = torch.nn.Parameter(torch.tensor(value))

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base."""
        return x_t.map(lambda _, value: self.value * value)


class Quiet(DiffusionModule):
    """Keeps what it would log, so that it runs without a trainer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logged: dict[str, Tensor] = {}

    def log_dict(self, dictionary: Any, *args: Any, **kwargs: Any) -> None:
        """Keep the values."""
        self.logged.update(dictionary)

    def log(self, name: str, value: Any, *args: Any, **kwargs: Any) -> None:
        """Keep the value."""
        self.logged[name] = value


def module(noise: JointNoise, value: float = 0.5, **parts: Any) -> Quiet:
    return Quiet(noise.vocab, lambda _: noise, lambda _: Scale(value), **parts)


@pytest.fixture
def batch(noise: JointNoise, generator: torch.Generator) -> MolBatch:
    """Three molecules of 2 to 5 atoms."""
    return noise.prior(noise.template(torch.tensor([5, 2, 4])), generator)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
def test_a_loss_that_is_not_finite_stops_the_run(noise: JointNoise, batch: MolBatch, value: float) -> None:
    """The error names step, batch, epoch and molecules, and says what to do; 1e30 overflows the square."""
    with pytest.raises(NonFiniteLossError) as caught:
        module(noise, value).training_step(batch, 17)
    message = str(caught.value)
    for part in ("step 0", "batch 17 of epoch 0", "3 molecules of 2 to 5 atoms", "lower learning rate"):
        assert part in message


def test_the_loss_is_logged_and_reaches_the_parameters(noise: JointNoise, batch: MolBatch) -> None:
    trained = module(noise)
    loss = trained.training_step(batch, 0)
    loss.backward()
    gradient = trained.denoiser.value.grad
    assert gradient is not None and gradient.abs() > 0
    assert set(trained.logged) == {"loss", "train/loss", *(f"train/loss/{name}" for name in noise.fields)}
    assert trained.logged["train/loss"] == loss and not trained.logged["train/loss"].requires_grad


def test_noise_depends_on_seed_and_stream_alone(noise: JointNoise) -> None:
    """Not on what was drawn before: so a resumed run draws what it would have drawn."""
    model = module(noise)

    def draw(*stream: int) -> float:
        return float(torch.rand((), generator=model.generator(*stream, device="cpu"), dtype=torch.float64))

    with torch.random.fork_rng():
        torch.manual_seed(1)
        first = [draw(0, 5), draw(0, 6), draw(1, 5), draw(5, 0)]
        torch.rand(3)
        assert draw(0, 5) == first[0]
        assert len(set(first)) == 4
        torch.manual_seed(2)
        assert draw(0, 5) not in first


def test_every_validation_uses_the_same_noise(noise: JointNoise, batch: MolBatch) -> None:
    """Else a change of the loss could be a change of luck; batches still differ from each other."""
    model, losses = module(noise).requires_grad_(False), []
    for index in (0, 0, 1):
        model.validation_step(batch, index)
        losses.append(float(model.logged["val/loss"]))
    assert losses[0] == losses[1] != losses[2]
    model.test_step(batch, 0)
    assert float(model.logged["test/loss"]) == losses[0]


def test_prediction_draws_the_requested_sizes(noise: JointNoise) -> None:
    model = module(noise, generate=lambda d, n: Generator(d, n, AncestralSampler(2)))
    drawn = model.predict_step(torch.tensor([3, 1]), 0)
    assert [molecule.mask.shape[1] for molecule in drawn] == [3, 1]
    assert torch.equal(drawn[0].pos, model.predict_step(torch.tensor([3, 1]), 0)[0].pos)


def test_sampling_without_a_sampler_is_refused(noise: JointNoise) -> None:
    with pytest.raises(ConfigError, match=r"model\.generate is not configured"):
        module(noise).sample(torch.tensor([3]), torch.Generator())


def test_the_default_optimiser_is_edms(noise: JointNoise) -> None:
    optimizer = module(noise).configure_optimizers()
    assert isinstance(optimizer, torch.optim.AdamW)
    assert (optimizer.defaults["lr"], optimizer.defaults["amsgrad"]) == (1e-4, True)


def test_a_schedule_advances_every_step(noise: JointNoise) -> None:
    """The optimiser and the schedule given are the ones used."""
    optimization = Optimization(
        lambda parameters: torch.optim.SGD(parameters, lr=0.1),
        lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 10),
    )
    configured: Any = module(noise, optimization=optimization).configure_optimizers()
    assert isinstance(configured["optimizer"], torch.optim.SGD)
    assert configured["lr_scheduler"]["interval"] == "step"
    assert configured["lr_scheduler"]["scheduler"].optimizer is configured["optimizer"]


def test_batches_of_one_step_differ(noise: JointNoise, batch: MolBatch) -> None:
    """Several make a step where gradients are accumulated; each has noise of its own."""
    trained = module(noise)
    losses = [trained.training_step(batch, index).item() for index in (0, 1, 0)]
    assert losses[0] == losses[2] != losses[1]


def test_batches_are_copied_beside_what_the_device_computes(noise: JointNoise, batch: MolBatch) -> None:
    class Watched(MolBatch):
        """Remembers how it was asked to move."""

        asked: ClassVar[list[bool]] = []

        def to(self, target: Any, non_blocking: bool = False) -> MolBatch:
            """See base."""
            self.asked.append(non_blocking)
            return super().to(target, non_blocking)

    watched = Watched(mask=batch.mask, **dict(batch.items()))
    moved = module(noise).transfer_batch_to_device(watched, torch.device("cpu"), 0)
    assert Watched.asked == [True] and torch.equal(moved.pos, batch.pos)
