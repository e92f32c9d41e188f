"""``molgen results``: write the page of results from a folder of evaluations."""

from __future__ import annotations

import shlex
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace
from rich.console import Console

from molgen.core.errors import InputError
from molgen.core.files import require_writable
from molgen.evaluation.beside import Beside
from molgen.evaluation.quoted import Quoted
from molgen.evaluation.reference_sources import load_reference
from molgen.evaluation.results_curve import fit_curve, read_curve
from molgen.evaluation.results_goals import load_goals
from molgen.evaluation.results_page import Curve, ResultsPage
from molgen.evaluation.results_requests import FILES, read_requests
from molgen.evaluation.results_run import read_runs


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
        help='learning curve: JSON list of {"molecules_seen": ..., "nfe": ..., "figures": {"bonded/'
        'valid_and_connected": share}}, 3 points or more; "core_hours" beside them where they are known',
    )


def run(options: Namespace) -> None:
    """Read everything, then write the page.

    Raises:
        InputError: Something is missing or not what it should be, or the page cannot be written.
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
    page = ResultsPage(
        read_runs(options.folder),
        Beside.load("qm9"),
        Quoted.load(),
        goals,
        load_reference("qm9", "own"),
        [read_requests(path) for path in sorted(options.folder.glob(FILES))],
        curve,
    )
    page.write(options.output, _command(options))
    Console().print(f"{options.output}: {len(page.runs)} results", highlight=False, soft_wrap=True)


def _command(options: Namespace) -> str:
    words = ["molgen", "results", str(options.folder), "-o", str(options.output)]
    return shlex.join(words if options.curve is None else [*words, "--curve", str(options.curve)])
