"""The table of requests: what a checkpoint does with tasks, read from ``molgen requests -o``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from molgen.core.errors import InputError
from molgen.evaluation.beside import read_figure
from molgen.evaluation.metrics import Figure, coverage
from molgen.evaluation.results_commands import recorded_command
from molgen.evaluation.results_run import read_json

FILES = "requests*.json"
"""One for each call of the command: tasks need not be asked about equally many molecules."""
SECONDS = "seconds_per_100"


@dataclass(frozen=True)
class RequestRow:
    """One line of the table.

    Attributes:
        task: What was asked, with what sets it apart from other lines of the same task.
        figures: Name to the figure as a table shows it.
        measured: Name to the figure itself, of those that were measured.
    """

    task: str
    figures: Mapping[str, str]
    measured: Mapping[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True)
class Requests:
    """The whole table.

    Attributes:
        rows: In the order of the file.
        command: What was typed.
        threads: CPU threads that it ran on, where recorded.
    """

    rows: Sequence[RequestRow]
    command: str
    threads: int | None = None

    @property
    def common(self) -> list[str]:
        """Names of the figures that every row has; others belong to single tasks."""
        first = self.rows[0].figures
        return [name for name in first if all(name in row.figures for row in self.rows)]

    def cells(self) -> tuple[list[str], list[list[str]]]:
        """Return head and rows: a column for each common figure, the others in one."""
        common = self.common
        rows = []
        for row in self.rows:
            own = [f"{_words(name)} {text}" for name, text in row.figures.items() if name not in common]
            rows.append([row.task, *(row.figures[name] for name in common), "; ".join(own) or "-"])
        return ["task", *map(self._head, common), "besides"], rows

    def _head(self, name: str) -> str:
        if name != SECONDS or self.threads is None:
            return _words(name)
        return f"{_words(name)}, {self.threads} thread{'' if self.threads == 1 else 's'}"


def read_requests(path: Path) -> Requests:
    """Read the table.

    Raises:
        InputError: The file holds no rows of tasks and figures.
    """
    advice = "give what molgen requests -o wrote"
    content = read_json(path, advice)
    try:
        rows = [_row(one) for one in content["tasks"]]
        command = recorded_command("requests", content["options"])
        threads = None if content.get("threads") is None else int(content["threads"])
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError(f"{path} holds no table of requests ({error!r}); {advice}") from error
    if not rows:
        raise InputError(f"{path} has no row; {advice}")
    return Requests(rows, command, threads)


def _row(given: Mapping[str, Any]) -> RequestRow:
    title = ", ".join(str(given[key]) for key in ("task", "label") if key == "task" or given.get(key))
    measured = {str(name): read_figure(figure) for name, figure in given["figures"].items()}
    figures = {name: interval_cell(figure) for name, figure in measured.items()}
    figures |= {"requested": str(given["requested"])} if "requested" in given else {}
    if SECONDS in given:
        figures[SECONDS] = f"{float(given[SECONDS]):.4g}"
    return RequestRow(title, figures, measured)


def interval_cell(figure: Figure) -> str:
    """Return value, interval and, where not all molecules could be measured, how many."""
    value, interval, _ = figure.cells()
    told = value if interval == "-" else f"{value} [{interval.replace(' - ', ', ')}]"
    return told + coverage(figure)


def _words(name: str) -> str:
    return name.replace("_", " ")
