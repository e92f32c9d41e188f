"""``molgen benchmark``: training and sampling speed of denoisers, beside their operation counts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from jsonargparse import ArgumentParser, Namespace
from jsonargparse.typing import PositiveInt
from rich.console import Console
from rich.table import Table
from torch.utils.flop_counter import FlopCounterMode

from molgen.checkpoint.build import build_model
from molgen.checkpoint.generator import find_device
from molgen.core.batch import MolBatch
from molgen.core.contracts import Denoiser
from molgen.core.errors import InputError
from molgen.core.levels import NoiseLevels
from molgen.noise.joint import JointNoise
from molgen.training.objective import DenoisingObjective

_ELEMENTS = ["H", "C", "N", "O", "F"]


@dataclass(frozen=True)
class Speed:
    """Measured speed of one denoiser.

    Attributes:
        name: File name of its configuration.
        parameters: Number of parameters.
        forward_flop: Floating-point operations of one forward pass per molecule (2 per multiply-add).
        training_flop: The same for forward and backward.
        forward_rate: Denoiser evaluations, molecules per second.
        training_rate: Training steps, molecules per second.
    """

    name: str
    parameters: int
    forward_flop: float
    training_flop: float
    forward_rate: float
    training_rate: float


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--denoiser",
        type=list[Path],
        default=[Path("configs/denoisers/egnn.yaml")],
        help="configurations to compare, as [a.yaml, b.yaml]",
    )
    parser.add_argument(
        "--noise", type=Path, default=Path("configs/noise/edm.yaml"), help="noise configuration"
    )
    parser.add_argument("--batch-size", type=PositiveInt, default=64, help="molecules per batch")
    parser.add_argument(
        "--num-atoms", type=PositiveInt, default=18, help="atoms per molecule (QM9's mean is 18)"
    )
    parser.add_argument("--steps", type=PositiveInt, default=1000, help="sampling steps to extrapolate to")
    parser.add_argument("--repeats", type=PositiveInt, default=5, help="timed batches")
    parser.add_argument("--threads", type=PositiveInt, help="CPU threads (default: torch's)")
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu, cuda ...")


def run(options: Namespace) -> None:
    """Time every denoiser in turn and print one table.

    Raises:
        InputError: A configuration cannot be read.
        CheckpointError: A configuration does not fit its signature.
    """
    if options.threads:
        torch.set_num_threads(options.threads)
    device = find_device(options.device)
    noise = _read(options.noise)
    speeds = [measure(path.stem, _read(path), noise, options, device) for path in options.denoiser]
    table = Table(
        *[
            "denoiser",
            "parameters",
            "GFLOP forward",
            "GFLOP training",
            "evaluations/s",
            "trained/s",
            "sampled/s",
        ],
        title=f"molecules per second, {options.num_atoms} atoms, batch {options.batch_size}, {device}, "
        f"{torch.get_num_threads()} threads; sampled/s: evaluations/s over {options.steps + 1} NFE",
    )
    for s in speeds:
        sampled = s.forward_rate / (options.steps + 1)
        figures = [s.forward_flop / 1e9, s.training_flop / 1e9, s.forward_rate, s.training_rate, sampled]
        table.add_row(s.name, f"{s.parameters:,}", *[f"{figure:.4g}" for figure in figures])
    Console(width=140).print(table)


def measure(
    name: str,
    denoiser_config: dict[str, Any],
    noise_config: dict[str, Any],
    options: Namespace,
    device: torch.device,
) -> Speed:
    """Build one denoiser and time it on random molecules of one size."""
    vocab = {"class_path": "molgen.core.Vocab", "init_args": {"elements": _ELEMENTS}}
    _, noise, denoiser = build_model({"vocab": vocab, "noise": noise_config, "denoiser": denoiser_config})
    denoiser = denoiser.to(device)
    generator = torch.Generator(device).manual_seed(0)
    sizes = torch.full((options.batch_size,), options.num_atoms, device=device)
    batch = noise.prior(noise.template(sizes), generator)
    forward = forward_pass(denoiser, batch, generator)
    training = training_pass(denoiser, noise, batch, generator)
    return Speed(
        name=name,
        parameters=sum(p.numel() for p in denoiser.parameters()),
        forward_flop=count_flop(forward) / options.batch_size,
        training_flop=count_flop(training) / options.batch_size,
        forward_rate=options.batch_size / seconds_per_call(forward, options.repeats, device),
        training_rate=options.batch_size / seconds_per_call(training, options.repeats, device),
    )


def forward_pass(denoiser: Denoiser, batch: MolBatch, generator: torch.Generator) -> Callable[[], None]:
    """One denoiser evaluation without gradients, as in sampling."""
    levels = NoiseLevels.uniform(torch.rand(len(batch), generator=generator, device=batch.device), batch)

    def call() -> None:
        with torch.no_grad():
            denoiser(batch, levels)

    return call


def training_pass(
    denoiser: Denoiser, noise: JointNoise, batch: MolBatch, generator: torch.Generator
) -> Callable[[], None]:
    """One whole training step: corruption, loss, gradients, optimiser."""
    objective = DenoisingObjective(noise)
    optimizer = torch.optim.AdamW(denoiser.parameters(), lr=1e-5, fused=True)

    def call() -> None:
        optimizer.zero_grad()
        objective(denoiser, batch, generator)["loss"].backward()
        optimizer.step()

    return call


def count_flop(call: Callable[[], None]) -> int:
    """Count floating-point operations of matrix products, 2 per multiply-add."""
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops()


def seconds_per_call(call: Callable[[], None], repeats: int, device: torch.device) -> float:
    """Mean time of a call after one warm-up."""
    call()
    _synchronise(device)
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    _synchronise(device)
    return (time.perf_counter() - start) / repeats


def _synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"cannot read the configuration {path}: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} holds no configuration")
    return content
