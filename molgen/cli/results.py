"""``molgen results``: write the page of results from a folder of evaluations."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace
from rich.console import Console

from molgen.checkpoint.card import ModelCard
from molgen.checkpoint.load import load_checkpoint
from molgen.core.errors import InputError
from molgen.core.files import require_writable
from molgen.evaluation.beside import Beside
from molgen.evaluation.quoted import Quoted
from molgen.evaluation.reference_sources import load_reference
from molgen.evaluation.results_card import card_metrics
from molgen.evaluation.results_curve import fit_curve
from molgen.evaluation.results_curve_file import read_curve
from molgen.evaluation.results_goals import load_goals
from molgen.evaluation.results_page import Curve, ResultsPage
from molgen.evaluation.results_properties import JudgeErrors
from molgen.evaluation.results_requests import FILES, read_requests
from molgen.evaluation.results_run import Run, read_runs
from molgen.regression.shipped import JUDGE, shipped_property_card


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add(
        "folder",
        type=Path,
        help="figures NAME.eval.json of molgen evaluate --json, beside the judged files' run records, and "
        f"{FILES} of molgen requests if there are any; make results fills such a folder",
    )
    add("-o", "--output", type=Path, default=Path("results.md"), help="page to write, figures beside it")
    add(
        "--curve",
        type=Path | None,
        default=None,
        help='learning curve: JSON list of {"molecules_seen": ..., "evaluation": "NAME.eval.json"}, 3 points '
        'or more, figures of molgen evaluate --json beside it; "core_hours" where they are known',
    )
    add(
        "--card",
        type=Path | None,
        default=None,
        help="checkpoint folder whose card shall say the results of its weights, in place of what it says",
    )


def run(options: Namespace) -> None:
    """Read everything, then write the page and the card.

    Raises:
        InputError: Something is missing or not what it should be, or the page cannot be written.
        CheckpointError: The folder for the card holds no whole checkpoint, or the shipped judge is missing.
        ConfigError: matplotlib is not installed.
    """
    if options.output.suffix != ".md":
        raise InputError(f"the page {options.output} is Markdown; name a file that ends in .md")
    require_writable(options.output)
    goals = load_goals()
    curve = None
    if options.curve is not None:
        points = read_curve(options.curve)
        curve = Curve(points, fit_curve(points, goals))
    runs = read_runs(options.folder)
    card = None if options.card is None else _card(options.card, runs, str(options.output))
    judge = shipped_property_card(JUDGE)
    page = ResultsPage(
        runs,
        Beside.load("qm9"),
        Quoted.load(),
        goals,
        load_reference("qm9", "own"),
        [read_requests(path) for path in sorted(options.folder.glob(FILES))],
        curve,
        JudgeErrors(judge.errors, judge.units, judge.error_molecules),
    )
    page.write(options.output, _command(options))
    say = partial(Console().print, highlight=False, markup=False, soft_wrap=True)
    say(f"{options.output}: {len(page.runs)} results")
    if card is not None:
        card.write(options.card)
        say(f"{options.card}: {len(card.metrics)} figures")


def _card(folder: Path, runs: Sequence[Run], page: str) -> ModelCard:
    """Return the checkpoint's card with the results of its weights, named by its folder."""
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; name the checkpoint folder whose card is to be written")
    checkpoint = load_checkpoint(str(folder))
    own = [run for run in runs if run.first.digest == checkpoint.digest]
    if not own:
        raise InputError(
            f"no result is of the weights in {folder} ({checkpoint.digest[:12]}); give their folder"
        )
    return replace(checkpoint.card, metrics=list(card_metrics(own, page)))


def _command(options: Namespace) -> str:
    words = ["molgen", "results", str(options.folder), "-o", str(options.output)]
    more = {"--curve": options.curve, "--card": options.card}
    return shlex.join([*words, *(word for name, path in more.items() if path for word in (name, str(path)))])
