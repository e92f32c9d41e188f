"""The table of requests: what a checkpoint does with tasks, read from ``molgen requests -o``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from molgen.core.errors import InputError
from molgen.evaluation.beside import read_figure
from molgen.evaluation.results_commands import recorded_command
from molgen.evaluation.results_run import read_json

FILE = "requests.json"


@dataclass(frozen=True)
class RequestRow:
    """One line of the table.

    Attributes:
        task: What was asked, with what sets it apart from other lines of the same task.
        figures: Name to the figure as a table shows it.
    """

    task: str
    figures: Mapping[str, str]


@dataclass(frozen=True)
class Requests:
    """The whole table.

    Attributes:
        rows: In the order of the file.
        command: What was typed, or ``None`` where the file does not say.
    """

    rows: Sequence[RequestRow]
    command: str | None

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
        return ["task", *map(_words, common), "besides"], rows


def read_requests(path: Path) -> Requests:
    """Read the table.

    Raises:
        InputError: The file holds no rows of tasks and figures.
    """
    advice = "give what molgen requests -o wrote"
    content = read_json(path, advice)
    try:
        rows = [_row(one) for one in (content if isinstance(content, list) else content["tasks"])]
        options = None if isinstance(content, list) else content.get("options")
        command = None if options is None else recorded_command("requests", options)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError(f"{path} holds no table of requests ({error!r}); {advice}") from error
    if not rows:
        raise InputError(f"{path} has no row; {advice}")
    return Requests(rows, command)


def _row(given: Mapping[str, Any]) -> RequestRow:
    title = ", ".join(str(given[key]) for key in ("task", "label") if key == "task" or given.get(key))
    figures = {str(name): _cell(figure) for name, figure in given["figures"].items()}
    told = [key for key in ("requested", "seconds_per_100") if key in given]
    return RequestRow(title, figures | {key: f"{float(given[key]):.4g}" for key in told})


def _cell(figure: Any) -> str:  # noqa: ANN401 - a number, or a mapping of one of two forms
    """Return value and interval of ``0.93``, ``{"share": .9, "low": .8, "high": 1}`` or a figure's dict."""
    if isinstance(figure, int | float):
        return f"{figure:.4g}"
    if "share" in figure:
        return f"{100 * figure['share']:.2f} % [{100 * figure['low']:.2f}, {100 * figure['high']:.2f}]"
    value, interval, _ = read_figure(figure).cells()
    return value if interval == "-" else f"{value} [{interval.replace(' - ', ', ')}]"


def _words(name: str) -> str:
    return name.replace("_", " ")
