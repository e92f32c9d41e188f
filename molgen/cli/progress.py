"""Progress bars: count, rate and time left, on stderr, and only where that is a terminal."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class RateColumn(ProgressColumn):
    """Molecules per second."""

    def render(self, task: Task) -> Text:
        """Show the rate once there is one."""
        return Text("" if task.speed is None else f"{task.speed:.1f}/s")


def progress_bar() -> Progress:
    """Make a bar; nothing is shown where stderr is not a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
