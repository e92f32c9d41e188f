"""``molgen benchmark``: training and sampling speed of denoisers, beside their operation counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jsonargparse import ArgumentParser, Namespace
from jsonargparse.typing import PositiveInt
from rich.console import Console
from rich.table import Table

from molgen.checkpoint.device import find_device
from molgen.cli.ceiling import matrix_product
from molgen.cli.size_costs import Plan, SizeJob, Work, measure_size
from molgen.cli.speed import PRECISIONS, RECIPES, Bench, Call, Entry, count_flop, seconds_per_call
from molgen.core.errors import InputError

_WIDTH = 160
"""Columns of the tables, whatever the terminal: they are kept in files."""
_PROGRAMS = 16
"""Programs that one denoiser may be compiled to: with and without gradients, an estimate, batches of one."""


@dataclass(frozen=True)
class Speed:
    """Measured speed of one denoiser.

    Attributes:
        name: File name of its configuration.
        parameters: Number of parameters.
        forward_flop: Floating-point operations of one evaluation per molecule (2 per multiply-add).
        training_flop: The same for a training step, self-conditioning at its share.
        forward_rate: Denoiser evaluations, molecules per second.
        training_rate: Training steps, molecules per second.
        prepare_share: Share of a training step's time that drawing tasks and noise takes.
        nfe: Evaluations per sampled molecule.
        sampling_rate: Sampled molecules per second, from a short chain by its number of evaluations.
        ceilings: Floating-point operations per second of large matrix products, in the precision of an
            evaluation and in that of training.
    """

    name: str
    parameters: int
    forward_flop: float
    training_flop: float
    forward_rate: float
    training_rate: float
    prepare_share: float
    nfe: int
    sampling_rate: float
    ceilings: tuple[float, float]

    @property
    def shares(self) -> tuple[float, float]:
        """Share of the ceilings that an evaluation and a training step reach."""
        evaluation, training = self.ceilings
        return (
            self.forward_flop * self.forward_rate / evaluation,
            self.training_flop * self.training_rate / training,
        )


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    recipes = ", ".join(
        f"{recipe.name} for {kind} ({recipe.steps} steps)" for kind, recipe in RECIPES.items()
    )
    parser.add_argument(
        "--denoiser",
        type=list[str],
        default=["configs/denoisers/egnn.yaml"],
        help="configurations to compare, as [a.yaml, b.yaml]; each runs with the noise and the objective "
        f"of its recipe: {recipes}; FILE@RECIPE chooses another",
    )
    parser.add_argument(
        "--configs",
        type=Path,
        default=Path("configs"),
        help="folder with noise/RECIPE.yaml and training/RECIPE_objective.yaml",
    )
    parser.add_argument("--batch-size", type=PositiveInt, default=64, help="molecules per batch")
    parser.add_argument(
        "--num-atoms", type=PositiveInt, default=18, help="atoms per molecule (QM9's mean is 18)"
    )
    parser.add_argument(
        "--sizes",
        type=str,
        help="instead: time and peak memory against the number of atoms, as 10,20,40; batches hold as many "
        "pairs of atoms as --batch-size molecules of --num-atoms",
    )
    parser.add_argument("--steps", type=PositiveInt, help="sampling steps (default: the recipe's)")
    parser.add_argument(
        "--precision",
        type=str,
        default="32-true",
        help=f"of training, as trainer.precision: {' or '.join(PRECISIONS)}; evaluations and sampling are in "
        "single precision",
    )
    parser.add_argument(
        "--compile", action="store_true", help="time what torch.compile makes of denoisers; takes minutes"
    )
    parser.add_argument("--repeats", type=PositiveInt, default=5, help="timed calls, of which the median")
    parser.add_argument("--threads", type=PositiveInt, help="CPU threads (default: torch's)")
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu, cuda ...")


def run(options: Namespace) -> None:
    """Time every denoiser and print one table.

    Raises:
        InputError: A configuration or an option cannot be used.
        CheckpointError: A configuration of a model does not fit its signature.
        ConfigError: An objective's does not.
    """
    if options.precision not in PRECISIONS:
        raise InputError(f"--precision {options.precision}: give {' or '.join(PRECISIONS)}")
    if options.compile and options.sizes is not None:
        raise InputError("--compile would take minutes for each of --sizes; leave one out")
    if options.threads:
        torch.set_num_threads(options.threads)
    device = find_device(options.device)
    entries = [Entry.parse(text, options.configs) for text in options.denoiser]
    if options.sizes is None:
        table = _speed_table(measure(entries, options, device), options, device)
    else:
        table = _size_table(entries, _parse_sizes(options.sizes), options, device)
    Console(width=_WIDTH).print(table)


def measure(entries: list[Entry], options: Namespace, device: torch.device) -> list[Speed]:
    """Time denoisers, and the products of large matrices, in turns on random molecules of one size."""
    benches = [
        replace(
            Bench.build(entry, options.batch_size, options.num_atoms, device), precision=options.precision
        )
        for entry in entries
    ]
    # Counting runs every call once, which is also the warm-up.
    flop = [[count_flop(call) for call in bench.calls()] for bench in benches]
    calls = [call for bench in benches for call in bench.calls()]
    products = [
        matrix_product(device, dtype) for dtype in {torch.float32: 0, PRECISIONS[options.precision]: 0}
    ]
    with _compiled(benches, calls) if options.compile else nullcontext():
        every = seconds_per_call([*(call for call, _ in products), *calls], options.repeats, device)
    ceilings = [count / seconds for (_, count), seconds in zip(products, every, strict=False)]
    seconds = iter(every[len(products) :])
    return [
        _summarise(
            entry, bench, counts, [next(seconds) for _ in counts], options.steps, (ceilings[0], ceilings[-1])
        )
        for entry, bench, counts in zip(entries, benches, flop, strict=True)
    ]


@contextmanager
def _compiled(benches: list[Bench], calls: list[Call]) -> Iterator[None]:
    """Compile the denoisers and call everything once, which is when compilers work.

    Denoisers of one class share their code, and torch goes back to plain Python, without a word, where code
    was compiled more often than its limit.
    """
    limit = _PROGRAMS * len(benches)
    with torch._dynamo.config.patch(recompile_limit=limit, fail_on_recompile_limit_hit=True):
        for bench in benches:
            bench.denoiser.compile(dynamic=bench.molecules.device.type == "cpu")
        for call in calls:
            call()
        yield


def _summarise(
    entry: Entry,
    bench: Bench,
    flop: list[int],
    seconds: list[float],
    steps: int | None,
    ceilings: tuple[float, float],
) -> Speed:
    """Turn costs of the calls of :meth:`Bench.calls` into figures per molecule."""
    count = len(bench.molecules)
    forward, chain, prepare, *training = seconds
    step = bench.mean_step(training)
    steps = steps or entry.recipe.steps
    return Speed(
        name=entry.path.stem,
        parameters=sum(p.numel() for p in bench.denoiser.parameters()),
        forward_flop=flop[0] / count,
        training_flop=bench.mean_step(flop[3:]) / count,
        forward_rate=count / forward,
        training_rate=count / step,
        prepare_share=prepare / step,
        nfe=bench.nfe(steps),
        sampling_rate=count / (chain * bench.chain_factor(steps)),
        ceilings=ceilings,
    )


def _speed_table(speeds: list[Speed], options: Namespace, device: torch.device) -> Table:
    """Figures of every denoiser, rates beside those of the first as a multiple."""
    first = speeds[0]
    evaluation, training = (f"{ceiling / 1e9:,.4g} GFLOP/s" for ceiling in first.ceilings)
    columns = ["denoiser", "parameters", "GFLOP forward", "GFLOP training", "evaluated/s", "its share"]
    table = Table(
        *[*columns, "trained/s", "its share", "of it prepare", "NFE", "sampled/s"],
        title=f"molecules per second, {options.num_atoms} atoms, batch {options.batch_size}, {device}, "
        f"{torch.get_num_threads()} threads, training in {options.precision}"
        f"{', compiled' if options.compile else ''}; sampled/s is extrapolated from a chain of few steps",
        caption=f"share: of what products of large matrices reach, {evaluation} for evaluations, "
        f"{training} in training",
    )
    for s in speeds:
        table.add_row(
            *[s.name, f"{s.parameters:,}", f"{s.forward_flop / 1e9:.4g}", f"{s.training_flop / 1e9:.4g}"],
            *[_with_ratio(s.forward_rate, first.forward_rate), f"{s.shares[0]:.1%}"],
            *[_with_ratio(s.training_rate, first.training_rate), f"{s.shares[1]:.1%}"],
            *[f"{s.prepare_share:.1%}", str(s.nfe)],
            _with_ratio(s.sampling_rate, first.sampling_rate),
        )
    return table


def _with_ratio(value: float, first: float) -> str:
    return f"{value:.4g} ({value / first:.3g}x)"


def _size_table(entries: list[Entry], sizes: list[int], options: Namespace, device: torch.device) -> Table:
    """Costs of every denoiser and size, training beside sampling."""
    table = Table(
        *["denoiser", "atoms", "batch", "ms training", "MB training", "ms sampling", "MB sampling"],
        title=f"time and peak memory per molecule, beyond weights, {device}, {torch.get_num_threads()} "
        f"threads, training in {options.precision}; sampling is extrapolated from a chain of few steps",
    )
    plan = Plan(options.steps, options.repeats, options.precision)
    pairs = options.batch_size * options.num_atoms**2
    for entry in entries:
        for atoms in sizes:
            count = max(1, round(pairs / atoms**2))
            job = SizeJob(entry, count, atoms, str(device), plan)
            training, sampling = (measure_size(job, work) for work in Work)
            table.add_row(
                *[entry.path.stem, str(atoms), str(count)],
                *[f"{1e3 * training.seconds:.4g}", f"{training.megabytes:.4g}"],
                *[f"{1e3 * sampling.seconds:.4g}", f"{sampling.megabytes:.4g}"],
            )
    return table


def _parse_sizes(text: str) -> list[int]:
    """Read ``10,20,40``."""
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() and int(word) > 0 for word in words):
        raise InputError(f"--sizes {text!r} are not numbers of atoms; give whole numbers >= 1, as 10,20,40")
    return [int(word) for word in words]
