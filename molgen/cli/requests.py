"""``molgen requests``: every kind of request asked about held-out molecules, counted, shown and written."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from jsonargparse import ArgumentParser, Namespace
from jsonargparse.typing import NonNegativeInt, PositiveInt
from rich.console import Console

from molgen.checkpoint.generator import MoleculeGenerator, SamplingOptions, load
from molgen.checkpoint.load import DEFAULT_CHECKPOINT
from molgen.chem.io import write_molecules
from molgen.chem.molecule import Molecule
from molgen.cli.judge_asked import load_judge
from molgen.cli.progress import progress_bar
from molgen.cli.run_record import provenance
from molgen.control.attempts import DEFAULT_ATTEMPTS
from molgen.control.reading import PropertyPredictor, by_rdkit
from molgen.core.errors import InputError
from molgen.core.files import atomic_path, require_writable
from molgen.evaluation.metrics.base import CONFIDENCE
from molgen.evaluation.pictures import grid_picture
from molgen.regression.shipped import JUDGE
from molgen.trials import (
    AnalogueTrial,
    Asked,
    Bench,
    ConformerTrial,
    FormulaTrial,
    HeldOut,
    LinkerTrial,
    Occasion,
    Outcome,
    PropertyTrial,
    RefinementTrial,
    ScaffoldTrial,
    Trial,
    render,
    run_row,
    title,
)
from molgen.trials.held_out import SPLITS

TASKS: Mapping[str, Callable[[Namespace], Trial]] = {
    "formula": lambda options: FormulaTrial(),
    "scaffold": lambda options: ScaffoldTrial(),
    "linker": lambda options: LinkerTrial(),
    "conformer": lambda options: ConformerTrial(options.conformers),
    "refinement": lambda options: RefinementTrial(options.xtb),
    "analogue": lambda options: AnalogueTrial(_numbers("strengths", options.strengths)),
    "property": lambda options: PropertyTrial(
        _numbers("guidance", options.guidance),
        _judge(options.judge),
        options.attempts,
        None if options.properties is None else _words("properties", options.properties),
    ),
}
"""Makes the trial of each name from the command's options."""


class TaskOption(NamedTuple):
    """An option that one task alone reads.

    Where the task is left out, any other value than the default is refused, for it would say nothing. The
    default is not: recorded commands state it.
    """

    task: str
    kind: Any
    default: Any
    help: str


TASK_OPTIONS: Mapping[str, TaskOption] = {
    "conformers": TaskOption("conformer", PositiveInt, 10, "conformers of each graph"),
    "strengths": TaskOption("analogue", str, "0.1,0.3,0.5,0.7,0.9", "of analogues, comma-separated"),
    "properties": TaskOption("property", str, None, "properties, comma-separated (default: all known)"),
    "guidance": TaskOption("property", str, "1,2,4", "of properties, comma-separated"),
    "attempts": TaskOption(
        "property", PositiveInt, DEFAULT_ATTEMPTS, "at properties, the nearest being kept"
    ),
    "judge": TaskOption("property", str, JUDGE, "folder of molgen judge export in place of the shipped one"),
    "xtb": TaskOption("refinement", PositiveInt, 100, "refined molecules that GFN2-xTB relaxes (slow)"),
}
"""By name."""
PAIRS_SHOWN = 12
"""Molecules of a picture, each beside what it was asked to be about."""
WIDTH = 150
"""Least columns of the table: it is kept in files."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("--checkpoint", type=str, default=DEFAULT_CHECKPOINT, help="name, folder or .ckpt file")
    add("-n", "--count", type=PositiveInt, default=1000, help="held-out molecules that each task asks about")
    add("--only", type=str, help=f"tasks, comma-separated (default: all): {', '.join(TASKS)}")
    add("--data", type=Path, default=Path("datasets/qm9"), help="folder that molgen prepare made")
    add("--reference-split", type=str, default="test", help=f"molecules to ask about: {' or '.join(SPLITS)}")
    add("-o", "--output", type=Path, default=Path("requests.json"), help="figures of all tasks, .json")
    add("--pictures", type=Path | None, default=None, help="folder for a picture and an SDF of each row")
    add("--steps", type=PositiveInt, help="sampling steps, not of refinement (default: the checkpoint's)")
    add(
        "--repair",
        type=NonNegativeInt,
        help="how often what is not as asked is redrawn, not of refinement (default: as molgen sample)",
    )
    add("--seed", type=int, default=0, help="draws the held-out molecules, the parts and the samples")
    add("--device", type=str, default="auto", help="auto, cpu, cuda, cuda:1 ...")
    add("--batch-size", type=PositiveInt, default=64, help="molecules at once; bounds memory")
    for name, option in TASK_OPTIONS.items():
        add(f"--{name}", type=option.kind, default=option.default, help=f"{option.help} (task {option.task})")


def run(options: Namespace) -> None:
    """Ask, judge, write, print.

    Raises:
        InputError: An option cannot be used, fewer held-out molecules than wanted can be asked about, or the
            output cannot be written.
        CheckpointError: There is no such checkpoint.
        DataError: There is no prepared data set.
        ConfigError: A library that a task measures with is not installed.
    """
    trials = _trials(options)
    require_writable(options.output)
    if options.pictures is not None:
        require_writable(options.pictures / "row.png")
    held_out = HeldOut.read(options.data, options.reference_split, options.seed)
    generator = load(options.checkpoint, options.device)
    how = SamplingOptions(options.steps, None, options.batch_size, repair=options.repair)
    generator.check(how)
    occasion = Occasion(held_out, generator.setting, options.count, options.seed)
    bench = Bench(generator, options.steps, options.batch_size, options.seed, options.repair)
    start = time.perf_counter()
    outcomes: list[Outcome] = []
    facts = provenance(generator, options) | _facts(generator, how, occasion)
    # Everything is asked before anything is drawn, so that what cannot be asked is not found out after hours.
    rows = [(trial, asked) for trial in trials for asked in trial.asked(occasion)]
    if not rows:
        raise InputError(f"{options.checkpoint} knows no properties; name other tasks by --only")
    for trial, asked in rows:
        outcome, molecules = _drawn(trial, asked, bench)
        outcomes.append(outcome)
        # After every row, so that whoever interrupts hours of work keeps what is done.
        _write(options.output, facts, outcomes, time.perf_counter() - start)
        if options.pictures is not None:
            _show(options.pictures / _file_name(outcome), asked.about, molecules)
    console = Console()
    Console(width=max(console.width, WIDTH)).print(render(outcomes))
    console.print(f"{options.output}: {len(outcomes)} rows", highlight=False, markup=False, soft_wrap=True)


def _trials(options: Namespace) -> list[Trial]:
    """Read ``--only`` and make the trials.

    Raises:
        InputError: A task is unknown, an option is of a task left out, or a number that a trial takes cannot
            be used.
    """
    names = list(TASKS) if options.only is None else _words("only", options.only)
    unknown = [name for name in names if name not in TASKS]
    if unknown:
        raise InputError(
            f"--only {options.only}: there is no task {unknown[0]!r}; give some of {', '.join(TASKS)}"
        )
    _refuse_unread(options, names)
    return [TASKS[name](options) for name in dict.fromkeys(names)]


def _refuse_unread(options: Namespace, names: Sequence[str]) -> None:
    """Refuse options that none of the tasks reads.

    Raises:
        InputError: There is one.
    """
    for name, option in TASK_OPTIONS.items():
        if options[name] != option.default and option.task not in names:
            raise InputError(
                f"--{name} {options[name]}: only the task {option.task} reads it, and --only {options.only} "
                f"leaves that out; add it to --only, or drop --{name}"
            )
    for name in ("repair", "steps"):
        if options[name] is not None and set(names) == {"refinement"}:
            raise InputError(
                f"--{name} {options[name]}: refinement, the only task, draws nothing; drop --{name}"
            )


def _judge(name: str) -> PropertyPredictor:
    """What says which properties a molecule has: RDKit for descriptors, the judge for those of QM9.

    Raises:
        CheckpointError: There is no such judge, or it is damaged.
    """
    judge = load_judge(name)
    return lambda molecules: {**by_rdkit(molecules), **judge.predict(molecules)}


def _words(option: str, text: str) -> list[str]:
    """Read names with commas between them.

    Raises:
        InputError: One is empty.
    """
    words = [word.strip() for word in text.split(",")]
    if "" in words:
        raise InputError(f"--{option} {text!r}: a name is missing; give some with commas between them")
    return words


def _numbers(option: str, text: str) -> list[float]:
    """Read numbers with commas between them.

    Raises:
        InputError: They are none.
    """
    try:
        return [float(word) for word in text.split(",")]
    except ValueError as error:
        raise InputError(f"--{option} {text!r} are not numbers; give some such as 0.5 or 1,2,4") from error


def _drawn(trial: Trial, asked: Asked, bench: Bench) -> tuple[Outcome, list[Molecule]]:
    """Draw and judge a row with a progress bar."""
    with progress_bar() as bar:
        task = bar.add_task(title(trial.name, asked.label), total=len(asked.source))
        return run_row(trial, asked, replace(bench, progress=lambda count: bar.advance(task, count)))


def _facts(generator: MoleculeGenerator, how: SamplingOptions, occasion: Occasion) -> dict[str, Any]:
    return {
        "sampler": type(generator.sampler(how)).__name__,
        "split": occasion.held_out.split,
        "count": occasion.count,
        "interval": {"confidence": CONFIDENCE, "method": "Wilson score (shares), bootstrap (others)"},
    }


def _write(path: Path, facts: dict[str, Any], outcomes: Sequence[Outcome], seconds: float) -> None:
    content = facts | {"seconds": round(seconds, 3), "tasks": [outcome.to_dict() for outcome in outcomes]}
    with atomic_path(path) as partial:
        partial.write_text(json.dumps(content, indent=2) + "\n")


def _file_name(outcome: Outcome) -> str:
    words = re.findall(r"[\w.]+", title(outcome.task, outcome.label))
    return "-".join(word.lower() for word in words)


def _show(path: Path, about: Sequence[Molecule], molecules: Sequence[Molecule]) -> None:
    """Draw what was asked about and, right of it, what came; write all molecules."""
    pairs = chain.from_iterable(zip(about[:PAIRS_SHOWN], molecules[:PAIRS_SHOWN], strict=True))
    picture = grid_picture(list(pairs))
    with atomic_path(path.with_name(f"{path.name}.png")) as partial:
        picture.save(partial, format="png")
    write_molecules(molecules, path.with_name(f"{path.name}.sdf"))
