"""``molgen sample``: molecules in a file, a record of how they were made, and a table of their quality."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser, Namespace
from jsonargparse.typing import NonNegativeInt, PositiveInt
from rich.console import Console

from molgen.checkpoint.generator import MoleculeGenerator, SamplingOptions, load, read_options
from molgen.checkpoint.load import DEFAULT_CHECKPOINT
from molgen.checkpoint.records import DRAWN, predictor_of
from molgen.chem.io import check_suffix, write_molecules
from molgen.chem.molecule import Molecule
from molgen.cli.evaluate import judge_and_print
from molgen.cli.progress import progress_bar
from molgen.cli.run_record import provenance, require_own_record
from molgen.cli.selection import CRITERIA, Selection
from molgen.control.analogue import DEFAULT_STRENGTH
from molgen.control.attempts import DEFAULT_ATTEMPTS
from molgen.control.options import OPTIONS, WAYS
from molgen.control.repair import DEFAULT_ROUNDS
from molgen.core.errors import InputError
from molgen.core.files import atomic_path, record_path, require_other, require_writable
from molgen.evaluation.protocols import VERDICTS, applicable_protocols
from molgen.regression.model import WEIGHTS_FILE
from molgen.sampling import SAMPLERS
from molgen.sampling.replacement import DEFAULT_RESAMPLE


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("-n", "--count", type=PositiveInt, default=100, help="number of molecules")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("molecules.sdf"), help="file to write: .sdf, .xyz or .npz"
    )
    parser.add_argument(
        "--checkpoint", type=str, default=DEFAULT_CHECKPOINT, help="name, folder or .ckpt file"
    )
    parser.add_argument(
        "--steps",
        type=PositiveInt,
        help="sampling steps, besides those of polishing and repair (default: the checkpoint's)",
    )
    parser.add_argument("--sampler", type=str, help=f"{' or '.join(SAMPLERS)} (default: the checkpoint's)")
    parser.add_argument("--seed", type=int, default=0, help="same seed, options and device: same molecules")
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu, cuda, cuda:1 ...")
    parser.add_argument("--batch-size", type=PositiveInt, default=64, help="molecules at once; bounds memory")
    parser.add_argument(
        "--repair",
        type=NonNegativeInt,
        help="how often in each attempt a molecule that is broken or not what was asked (for properties see "
        f"--attempts) is redrawn (default: {DEFAULT_ROUNDS} where the model draws bonds)",
    )
    _add_requests(parser)
    parser.add_argument(
        "--only", type=str, help=f"keep only such molecules, comma-separated: {', '.join(CRITERIA)}"
    )
    parser.add_argument(
        "--budget",
        type=PositiveInt,
        help="with --only: most molecules to judge (default: 20 times the count)",
    )


def _add_requests(parser: ArgumentParser) -> None:
    """Declare what may be asked of the molecules."""
    parser.add_argument("--num-atoms", type=str, help="size with hydrogens, as 18 or 15-20")
    parser.add_argument("--formula", type=str, help="elements, as C7H10N2O, or ranges, as 'C5-7 N1 O0-2'")
    parser.add_argument("--smiles", type=str, help="conformers of this molecule, stereochemistry as written")
    parser.add_argument("--like", type=str, help="parents of analogues: a file in space, or SMILES")
    parser.add_argument(
        "--strength",
        type=float,
        help=f"with --like: near 0 for near-copies, 1 for new molecules (default: {DEFAULT_STRENGTH})",
    )
    parser.add_argument(
        "--scaffold", type=str, help="SDF file of atoms to keep in place; several fragments are linked"
    )
    parser.add_argument("--attach", type=str, help="with --scaffold: atoms that shall grow, from 1, as 3,7")
    parser.add_argument(
        "--scaffold-smarts", type=str, help="with --scaffold: keep only what this matches, with its hydrogens"
    )
    parser.add_argument(
        "--by", type=str, help=f"with --scaffold: keep it by {' or '.join(WAYS)} (default: {WAYS[0]})"
    )
    parser.add_argument(
        "--resample",
        type=PositiveInt,
        help=f"with --by replacement: how often each step is taken (default: {DEFAULT_RESAMPLE})",
    )
    parser.add_argument(
        "--property",
        type=str,
        action="append",
        help="a value, as gap=0.25, or a window, as alpha=70-80 or homo=-0.25:-0.22; may be repeated; "
        "formulas are those of training molecules, unless they follow from another option",
    )
    parser.add_argument("--guidance", type=float, help="above 1: follow properties more closely (default: 1)")
    parser.add_argument(
        "--attempts",
        type=PositiveInt,
        help="draw a molecule that misses its properties, or is broken even so, this often in all and keep "
        f"the nearest; 1 draws once (default: {DEFAULT_ATTEMPTS})",
    )


def run(options: Namespace) -> None:
    """Draw, write, report.

    Raises:
        InputError: An option cannot be used or the output cannot be written.
        CheckpointError: There is no such checkpoint.
    """
    check_suffix(options.output)
    asked = {name: options[name] for name in OPTIONS}
    how = read_options(options.steps, options.sampler, options.batch_size, options.repair, **asked)
    generator = load(options.checkpoint, options.device)
    with_bonds = "bond" in generator.checkpoint.noise.dims
    selection = _selection(options, how, with_bonds)
    warnings = generator.check(how)
    require_writable(options.output)
    require_other(options.output, [options.like, options.scaffold, options.checkpoint])
    require_own_record(options.output)
    aside = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    for warning in warnings:
        aside.print(f"molgen: warning: {warning}")
    start = time.perf_counter()
    molecules, rejected = draw(generator, how, selection, options)
    seconds = time.perf_counter() - start
    if not molecules:
        reasons = ", ".join(f"{count} {reason}" for reason, count in rejected.most_common())
        raise InputError(
            f"no molecule passed --only {options.only} ({reasons}); nothing was written; raise --budget "
            "or ask for less"
        )
    write_molecules(molecules, options.output)
    record = _record(generator, how, options, molecules, rejected, seconds)
    with atomic_path(record_path(options.output)) as partial:
        partial.write_text(json.dumps(record, indent=2) + "\n")
    _report(options, molecules, rejected, seconds)
    judge_and_print(molecules, applicable_protocols(VERDICTS, with_bonds), references={})


def _selection(options: Namespace, how: SamplingOptions, with_bonds: bool) -> Selection | None:
    """Read ``--only`` and whether ``--budget`` says anything.

    Raises:
        InputError: A criterion is unknown, or needs a request where there is none; or there is a budget and
            nothing is selected.
    """
    only = options.only
    if only is None:
        if options.budget is not None:
            raise InputError(
                f"--budget {options.budget} is understood only beside --only; add that, or drop it"
            )
        return None
    selection = Selection.parse(only, "own" if with_bonds else "edm")
    if "satisfied" in selection.criteria and not how.asks:
        raise InputError(
            f"--only {only}: nothing is asked that molecules could satisfy; give --formula, --property or "
            "another request, or leave it out"
        )
    return selection


def draw(
    generator: MoleculeGenerator, how: SamplingOptions, selection: Selection | None, options: Namespace
) -> tuple[list[Molecule], Counter[str]]:
    """Draw ``options.count`` molecules, or as many accepted ones as the budget allows.

    Returns:
        The molecules, and how many were rejected for each reason.
    """
    with progress_bar() as bar:
        if selection is None:
            task = bar.add_task("sampling", total=options.count)
            drawn = generator.sample(options.count, how, options.seed, lambda k: bar.advance(task, k))
            return drawn, Counter()
        budget = options.budget or 20 * options.count
        task = bar.add_task(f"drawing up to {budget}", total=options.count)
        kept: list[Molecule] = []
        spent = 0
        for round_of in generator.stream(min(options.count, budget), how, options.seed):
            judged = round_of[: budget - spent]
            spent += len(judged)
            kept += selection.accept(judged)
            bar.update(task, completed=min(len(kept), options.count))
            if len(kept) >= options.count or spent >= budget:
                break
    return kept[: options.count], selection.rejected


def _record(
    generator: MoleculeGenerator,
    how: SamplingOptions,
    options: Namespace,
    molecules: list[Molecule],
    rejected: Counter[str],
    seconds: float,
) -> dict[str, Any]:
    asked = [m.record["satisfied"] for m in molecules if "satisfied" in m.record]
    predictor = predictor_of(how.targets)
    return {
        **provenance(generator, options),
        "sampler": type(generator.sampler(how)).__name__,
        "nfe": round(generator.nfe(how, molecules), 2),
        "nfe_unrepaired": generator.nfe(how),  # of one attempt
        "repair": generator.repair(how).rounds,
        "attempts": generator.attempts(how).most,
        "draws": round(sum(int(m.record.get(DRAWN, 1)) for m in molecules) / len(molecules), 2),
        "predictor_sha256": None if predictor is None else predictor.card.files[WEIGHTS_FILE],
        "written": len(molecules),
        "valid": sum(m.failure is None for m in molecules),
        "satisfied": sum(map(int, asked)) if asked else None,
        "rejected": dict(rejected),
        "seconds": round(seconds, 3),
    }


def _report(options: Namespace, molecules: list[Molecule], rejected: Counter[str], seconds: float) -> None:
    valid = sum(m.failure is None for m in molecules)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"{options.output}: {len(molecules)} molecules, {valid} valid, in {seconds:.1f} s")
    asked = [m for m in molecules if "satisfied" in m.record]
    if asked:
        met = sum(bool(m.record["satisfied"]) for m in asked)
        console.print(f"{met} of {len(asked)} are what was asked")
    if rejected:
        reasons = ", ".join(f"{count} {reason}" for reason, count in rejected.most_common())
        console.print(f"rejected: {reasons}")
    if len(molecules) < options.count:
        console.print(
            f"only {len(molecules)} of {options.count} found within the budget; raise --budget "
            "or ask for less",
            highlight=False,
            soft_wrap=True,
        )
