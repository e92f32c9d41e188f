"""What ``molgen benchmark`` times: a denoiser with the noise and the objective that it is trained with.

Denoisers differ in noise, in training (transport coupling, self-conditioning) and in sampling steps; a
comparison is fair only if each is timed with its own. A :class:`Recipe` names them.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import yaml
from jsonargparse import ArgumentError, ArgumentParser
from torch.utils.flop_counter import FlopCounterMode

from molgen.checkpoint.build import build_model
from molgen.core.batch import MolBatch
from molgen.core.contracts import Denoiser
from molgen.core.errors import ConfigError, InputError
from molgen.core.levels import NoiseLevels
from molgen.noise.joint import JointNoise
from molgen.sampling import AncestralSampler, DDIMSampler
from molgen.sampling.reverse import ReverseSampler
from molgen.training.objective import DenoisingObjective

Call = Callable[[], object]
"""Something to time."""

_ELEMENTS = ["H", "C", "N", "O", "F"]
PRECISIONS = {"32-true": torch.float32, "bf16-mixed": torch.bfloat16}
"""What networks multiply in while they are trained, by the names that Lightning's trainer takes."""
_TIMED_STEPS = 2
"""Sampling steps that are run; a whole chain is extrapolated from them."""


@dataclass(frozen=True)
class Recipe:
    """How a kind of denoiser is trained and sampled.

    Attributes:
        name: Names ``noise/NAME.yaml`` and ``training/NAME_objective.yaml``.
        sampler: Its usual sampler.
        steps: Its usual number of sampling steps.
    """

    name: str
    sampler: type[ReverseSampler]
    steps: int


RECIPES = {
    "EpsilonDenoiser": Recipe("edm", AncestralSampler, 1000),
    "JointDenoiser": Recipe("joint", DDIMSampler, 20),
}
"""Class of a denoiser to its recipe."""


@dataclass(frozen=True)
class Entry:
    """One denoiser to time.

    Attributes:
        path: Its configuration.
        recipe: How it is trained and sampled.
        configs: Folder of the configuration groups.
    """

    path: Path
    recipe: Recipe
    configs: Path

    @classmethod
    def parse(cls, text: str, configs: Path) -> Entry:
        """Read ``FILE``, or ``FILE@RECIPE`` for a class that has no recipe of its own.

        Raises:
            InputError: The file cannot be read or no recipe is known.
        """
        file, _, name = text.partition("@")
        kind = str(read_config(Path(file)).get("class_path", "")).rpartition(".")[2]
        known = {recipe.name: recipe for recipe in RECIPES.values()}
        recipe = known.get(name) if name else RECIPES.get(kind)
        if recipe is None:
            raise InputError(
                f"{text}: {kind or 'a configuration without class_path'} has no recipe"
                f"{f' {name!r}' if name else ''}; write FILE@RECIPE with one of {sorted(known)}"
            )
        return cls(Path(file), recipe, configs)


@dataclass(frozen=True, eq=False)
class Bench:
    """A denoiser and random molecules to run it on.

    Attributes:
        recipe: How it is trained and sampled.
        denoiser: The model.
        objective: What it is trained by.
        optimizer: Optimiser of its parameters.
        molecules: Random molecules of one size.
        generator: Source of randomness on their device.
        precision: Of training, one of :data:`PRECISIONS`; sampling is in single precision.
    """

    recipe: Recipe
    denoiser: Denoiser
    objective: DenoisingObjective
    optimizer: torch.optim.Optimizer
    molecules: MolBatch
    generator: torch.Generator
    precision: str = "32-true"

    @classmethod
    def build(cls, entry: Entry, count: int, num_atoms: int, device: torch.device) -> Bench:
        """Build a denoiser with random weights, and ``count`` molecules of ``num_atoms`` atoms.

        Raises:
            InputError: A configuration cannot be read.
            CheckpointError: A configuration of the model does not fit its signature.
            ConfigError: The objective's does not.
        """
        vocab = {"class_path": "molgen.core.Vocab", "init_args": {"elements": _ELEMENTS}}
        noise_config = read_config(entry.configs / "noise" / f"{entry.recipe.name}.yaml")
        config = {"vocab": vocab, "noise": noise_config, "denoiser": read_config(entry.path)}
        _, noise, denoiser = build_model(config)
        path = entry.configs / "training" / f"{entry.recipe.name}_objective.yaml"
        objective = _build_objective(path, noise)
        denoiser = denoiser.to(device)
        optimizer = torch.optim.AdamW(denoiser.parameters(), lr=1e-5, fused=True)
        generator = torch.Generator(device).manual_seed(0)
        molecules = _random_molecules(noise, count, num_atoms, generator)
        return cls(entry.recipe, denoiser, objective, optimizer, molecules, generator)

    def resized(self, count: int, num_atoms: int) -> Bench:
        """The same model with other molecules."""
        molecules = _random_molecules(self.objective.noise, count, num_atoms, self.generator)
        return replace(self, molecules=molecules)

    @property
    def look_twice(self) -> float:
        """Share of training steps in which the denoiser first makes an estimate to be conditioned on."""
        return self.objective.self_conditioning if self.denoiser.self_conditioned else 0.0

    def forward(self) -> Call:
        """One evaluation as in sampling: no gradients, one time, the last estimate given."""
        draw = torch.rand(len(self.molecules), generator=self.generator, device=self.molecules.device)
        levels = NoiseLevels.uniform(draw, self.molecules)

        def call() -> None:
            with torch.no_grad():
                self.denoiser(self.molecules, levels, previous=self.molecules)

        return call

    def chain(self) -> Call:
        """A chain of few steps from the prior to molecules."""
        sampler, noise = self.recipe.sampler(_TIMED_STEPS), self.objective.noise
        return lambda: sampler(self.denoiser, noise, self.molecules, self.generator)

    def chain_factor(self, steps: int) -> float:
        """How many times the evaluations of :meth:`chain` a chain of ``steps`` takes."""
        return self.nfe(steps) / self.nfe(_TIMED_STEPS)

    def prepare(self) -> Call:
        """Draw tasks, levels and noise of a batch."""
        return lambda: self.objective.prepare(self.molecules, self.generator)

    def training(self, look_twice: bool) -> Call:
        """One whole training step: corruption, losses, gradients, optimiser."""

        def call() -> None:
            self.optimizer.zero_grad()
            batch = replace(self.objective.prepare(self.molecules, self.generator), look_twice=look_twice)
            with autocast(self.molecules.device, PRECISIONS[self.precision]):
                loss = self.objective.score(self.denoiser, batch)["loss"]
            loss.backward()
            self.optimizer.step()

        return call

    def calls(self) -> list[Call]:
        """All that is timed: evaluation, chain, preparation, and the training steps."""
        return [self.forward(), self.chain(), self.prepare(), *self.training_steps()]

    def training_steps(self) -> list[Call]:
        """Training steps without and, for a self-conditioned denoiser, with a first look."""
        return [self.training(look_twice) for look_twice in ((False, True) if self.look_twice else (False,))]

    def mean_step(self, costs: Sequence[float]) -> float:
        """Mean of the costs of :meth:`training_steps`, by their shares in training."""
        return (1 - self.look_twice) * costs[0] + self.look_twice * costs[-1]

    def nfe(self, steps: int) -> int:
        """Denoiser evaluations of a chain of ``steps``."""
        return self.recipe.sampler(steps).nfe(self.objective.noise)


def _random_molecules(noise: JointNoise, count: int, num_atoms: int, generator: torch.Generator) -> MolBatch:
    sizes = torch.full((count,), num_atoms, device=generator.device)
    return noise.prior(noise.template(sizes), generator)


def autocast(device: torch.device, dtype: torch.dtype) -> torch.autocast:
    """Multiply matrices in ``dtype``, as mixed precision does; nothing changes in single precision."""
    return torch.autocast(device.type, dtype, enabled=dtype != torch.float32)


def count_flop(call: Call) -> int:
    """Count floating-point operations of matrix products, 2 per multiply-add."""
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops()


def seconds_per_call(calls: Sequence[Call], repeats: int, device: torch.device) -> list[float]:
    """Median wall time of each call; they take turns, so that a slower spell of the machine hits all."""
    spent: list[list[float]] = [[] for _ in calls]
    for _ in range(repeats):
        for call, times in zip(calls, spent, strict=True):
            _synchronise(device)
            start = time.perf_counter()
            call()
            _synchronise(device)
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in spent]


def read_config(path: Path) -> dict[str, Any]:
    """Read one YAML file.

    Raises:
        InputError: It cannot be read or holds no mapping.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"cannot read the configuration {path}: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} holds no configuration")
    return content


def _build_objective(path: Path, noise: JointNoise) -> DenoisingObjective:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--objective", type=Callable[[JointNoise], DenoisingObjective])
    try:
        parts = parser.instantiate(parser.parse_object({"objective": read_config(path)}))
    except ArgumentError as error:
        raise ConfigError(f"{path} does not fit DenoisingObjective: {error}") from error
    objective: DenoisingObjective = parts.objective(noise)
    return objective


def _synchronise(device: torch.device) -> None:
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
