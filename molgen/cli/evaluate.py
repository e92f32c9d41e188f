"""``molgen evaluate``: judge files of molecules, print tables, keep the figures as JSON, CSV and a page."""

from __future__ import annotations

import json as json_format
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from jsonargparse import ArgumentParser, Namespace
from jsonargparse.typing import NonNegativeInt, PositiveFloat, PositiveInt
from rich.console import Console
from rich.table import Table as RichTable

from molgen.chem.io import check_suffix
from molgen.chem.molecule import Molecule
from molgen.cli.judge_asked import asked_content, asked_reports, asked_tables
from molgen.cli.judging import DEFAULT_BESIDE, EVERY_WORKER, How, cluster, judge_files, read_beside
from molgen.cli.progress import progress_bar
from molgen.core.errors import InputError
from molgen.core.files import atomic_path, require_other, require_writable
from molgen.evaluation import Protocol, ReferenceSet, Report, evaluate
from molgen.evaluation.beside import Beside
from molgen.evaluation.comparison import METHOD, Difference, compare, untested, untested_note
from molgen.evaluation.csv_table import write_csv
from molgen.evaluation.isolation import Limits
from molgen.evaluation.page import Page, write_page
from molgen.evaluation.plots import require_matplotlib
from molgen.evaluation.printing import comparison_tables, quoted_table, subject_tables
from molgen.evaluation.quoted import Quoted
from molgen.evaluation.subject import Subject, with_different_names
from molgen.regression.shipped import JUDGE


@dataclass(frozen=True)
class Outputs:
    """What is written beside the printed tables.

    Attributes:
        json: Where to write the figures.
        csv: Where to write a row per molecule.
        html: Where to write a page with tables, figures and structures.
        figures: Further figures for the JSON, by name.
    """

    json: Path | None = None
    csv: Path | None = None
    html: Path | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def given(self) -> list[Path]:
        """Files that are to be written."""
        return [path for path in (self.json, self.csv, self.html) if path is not None]

    def require_writable(self) -> None:
        """Fail before the work where a file could not be written after it.

        Raises:
            InputError: A folder cannot be written, or two outputs are the same file.
            ConfigError: matplotlib, which draws the page's figures, is not installed.
        """
        given = self.given
        if len({path.resolve() for path in given}) < len(given):
            raise InputError("two of --json, --csv and --html name the same file; give each its own")
        for path in given:
            require_writable(path)
        if self.html is not None:
            require_matplotlib()


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add(
        "files",
        type=Path,
        nargs="+",
        help="molecules: SDF, XYZ or NPZ (arrays z, x, n); several files are seeds of one model",
    )
    add("--compare", action="store_true", help="the files are models: test each against the first")
    add(
        "--protocol",
        type=str,
        default="quick",
        help="how to judge: edm, bonded (needs bonds in the file), distributions, physical, all (edm, "
        "bonded, physical), quick (with distributions for the slow physical), or a protocol file (YAML)",
    )
    add(
        "--reference",
        type=str | None,
        default=None,
        help="known molecules for novelty and distances: qm9, or a file (SDF, XYZ, NPZ, SMILES)",
    )
    add(
        "--beside",
        type=str,
        action="append",
        help="figures to show beside: qm9 (its test split, the default), a file that --json wrote, none, or "
        "quoted (published figures, not measured here); may be repeated to have quoted beside another",
    )
    add("--properties", action="store_true", help="judge the properties that the file says were asked")
    add("--judge", type=str, default=JUDGE, help="folder of molgen judge export in place of the shipped one")
    add("--json", type=Path | None, default=None, help="where to write the figures as JSON")
    add("--csv", type=Path | None, default=None, help="where to write one row per molecule")
    add("--html", type=Path | None, default=None, help="where to write a page of tables, figures, structures")
    add("--xtb", type=PositiveInt | None, default=None, help="how many molecules GFN2-xTB relaxes")
    add("--energy-ratio", type=PositiveInt | None, default=None, help="how many the energy ratio is asked of")
    add("--seed", type=NonNegativeInt, default=0, help="draws those molecules")
    add(
        "--workers",
        type=PositiveInt | None,
        default=None,
        help="processes on this machine; by default what pays off",
    )
    add("--timeout", type=PositiveFloat | None, default=None, help="seconds that one molecule may take (60)")
    add("--memory", type=PositiveFloat | None, default=None, help="gigabytes that one molecule may take (4)")
    add("--backend", type=Literal["joblib", "dask"], default="joblib", help="what runs the processes")
    add("--scheduler", type=str | None, default=None, help="address of the dask scheduler")


def run(options: Namespace) -> None:
    """Judge and report; see :func:`evaluate_files`."""
    counts = {"xtb_relaxation": options.xtb, "energy_ratio": options.energy_ratio}
    limits = {check: count for check, count in counts.items() if count is not None}
    # On a cluster everything goes there; joblib keeps the work here for a single process.
    workers = EVERY_WORKER if options.backend == "dask" else options.workers
    isolation = None
    if options.timeout is not None or options.memory is not None:
        isolation = Limits(options.timeout or Limits.timeout_s, options.memory or Limits.memory_gb)
    how = How(options.protocol, options.reference, limits, options.seed, workers, isolation)
    if options.judge != JUDGE and not options.properties:
        raise InputError("--judge was given without --properties, which alone asks it; give both or neither")
    asked = asked_reports(options.files, options.compare, options.judge) if options.properties else {}
    figures = {"asked": asked_content(asked)} if asked else {}
    outputs = Outputs(options.json, options.csv, options.html, figures)
    beside, quoted = read_beside(options.beside or [DEFAULT_BESIDE])
    with cluster(options.backend, options.scheduler):
        evaluate_files(options.files, options.compare, how, outputs, beside, quoted)
    _print(asked_tables(asked))


def evaluate_files(
    files: Sequence[Path],
    as_models: bool,
    how: How,
    outputs: Outputs,
    beside: Beside | None,
    quoted: Quoted | None = None,
) -> list[Subject]:
    """Judge files, print tables and write what is asked for.

    Args:
        files: Molecules; at least one file.
        as_models: Whether each file is a model of its own, to be compared, rather than a seed of one model.
        how: How to judge.
        outputs: What is written.
        beside: Figures shown beside.
        quoted: Published figures, shown and written as such.

    Returns:
        One subject a model.

    Raises:
        InputError: A file cannot be read or written, is given twice or holds no molecule.
        ConfigError: The protocol is unknown or wrong.
    """
    _require_different(files, as_models)
    outputs.require_writable()
    for output in outputs.given:
        require_other(output, [*files, how.reference])
    by_file, references = judge_files(files, how)
    subjects = _subjects(files, as_models, by_file, references)
    differences = compare(subjects) if as_models else []
    if outputs.json is not None:
        content = _content(subjects, differences) | {"options": how.to_dict(), **outputs.figures}
        if quoted is not None:
            content["quoted"] = {g.protocol: g.to_dict() for g in quoted.groups_of(subjects)}
        _write_json(content, outputs.json)
    if outputs.csv is not None:
        write_csv(subjects, outputs.csv)
    if outputs.html is not None:
        measured = {m: found for r in references.values() for m, found in r.distributions.items()}
        write_page(Page(subjects, differences, beside, measured, _options(how), quoted), outputs.html)
    tables = (
        comparison_tables(subjects, differences, beside) if as_models else subject_tables(subjects[0], beside)
    )
    _print(tables)
    if quoted is not None:
        _print(quoted_table(group) for group in quoted.groups_of(subjects))
    return subjects


def judge_and_print(
    molecules: Sequence[Molecule],
    protocols: Sequence[Protocol],
    references: Mapping[str, ReferenceSet],
) -> list[Report]:
    """Judge molecules under each protocol behind a progress bar, then print a table each.

    Args:
        molecules: All that were requested, at least one.
        protocols: How to judge.
        references: Known molecules by bond rule; novelty has no value where there are none.
    """
    with progress_bar() as bar:
        task = bar.add_task("judging", total=len(molecules) * len(protocols))
        reports = [
            evaluate(molecules, p, references.get(p.bonds), progress=lambda count: bar.advance(task, count))
            for p in protocols
        ]
    _print(report.render() for report in reports)
    return reports


def _require_different(files: Sequence[Path], as_models: bool) -> None:
    for file in files:
        check_suffix(file)
    resolved = [file.resolve() for file in files]
    if len(set(resolved)) < len(resolved):
        raise InputError("a file is given twice; give each once, as its molecules would count twice")
    if as_models and len(files) < 2:
        raise InputError(f"--compare was given only {files[0]}; give two or more files")


def _subjects(
    files: Sequence[Path],
    as_models: bool,
    by_file: Sequence[Sequence[Report]],
    references: Mapping[str, ReferenceSet],
) -> list[Subject]:
    if not as_models:
        return [Subject.of(files, by_file, references)]
    subjects = [
        Subject.of([file], [[reports[i]] for reports in by_file], references) for i, file in enumerate(files)
    ]
    return with_different_names(subjects)


def _content(subjects: Sequence[Subject], differences: Sequence[Difference]) -> dict[str, Any]:
    if len(subjects) == 1:
        return subjects[0].to_dict()
    return {
        "models": {subject.name: subject.to_dict() for subject in subjects},
        "differences": {
            "against": subjects[0].name,
            "method": METHOD,
            "tests": [difference.to_dict() for difference in differences],
            "untested": _untested(subjects),
        },
    }


def _untested(subjects: Sequence[Subject]) -> dict[str, Any]:
    """Return by protocol which figures were not tested, and why."""
    protocols = [report.protocol.name for report in subjects[0].reports]
    return {
        name: {"metrics": metrics, "note": untested_note(subjects, name)}
        for name in protocols
        if (metrics := untested(subjects, name))
    }


def _options(how: How) -> dict[str, str]:
    options = {"protocol": how.protocol, "reference": how.reference or "none", "seed": str(how.seed)}
    return options | {check.replace("_", " "): f"{count} molecules" for check, count in how.limits.items()}


def _write_json(content: Mapping[str, Any], path: Path) -> None:
    with atomic_path(path) as partial:
        partial.write_text(json_format.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _print(tables: Iterable[RichTable]) -> None:
    console = Console()
    for table in tables:
        console.print(table)
