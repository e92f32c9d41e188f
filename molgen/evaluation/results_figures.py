"""Figures of the results page: quality against time, and the learning curve, as SVG files."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from molgen.core.files import atomic_path
from molgen.evaluation.metrics import Share
from molgen.evaluation.optional_library import optional_library
from molgen.evaluation.results_curve import CurveFit
from molgen.evaluation.results_run import Run

SERIES = ("#0072b2", "#c75000", "#00795a", "#a4437f")
"""Okabe and Ito's palette, darkened on white."""

PANELS = (
    ("bonded", "valid_and_connected", "valid and connected (bonded), %"),
    ("edm", "molecule_stability", "molecule stability (edm), %"),
)
"""Protocol, metric and axis of what is drawn against time."""

MUTED = "#5a6470"
FARTHEST = 1e4
"""Multiple of the last point up to which a fit is drawn."""

STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "molgen",
    "font.family": ["sans-serif"],
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e3e6ea",
    "legend.frameon": False,
}


def write_quality_figure(runs: Sequence[Run], path: Path) -> None:
    """Draw quality against seconds per molecule, a line for every checkpoint and device.

    Args:
        runs: Results; error bars are 95 % intervals over all seeds.
        path: SVG file.

    Raises:
        ConfigError: matplotlib is not installed.
        InputError: The folder is read-only or full.
    """

    def draw(figure: Any) -> None:  # noqa: ANN401 - matplotlib's Figure, a dependency that may be missing
        for axes, (protocol, metric, label) in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
            kinds = dict.fromkeys((run.title, run.first.device) for run in runs)
            for colour, kind in zip(SERIES, kinds, strict=False):
                chosen = [run for run in runs if (run.title, run.first.device) == kind]
                _draw_line(axes, chosen, (protocol, metric), colour)
            axes.set_xscale("log")
            _plain_ticks(axes.xaxis)
            axes.set_xlabel("seconds per molecule")
            axes.set_ylabel(label)
            axes.margins(0.15)
            if axes.get_legend_handles_labels()[1]:
                axes.legend(loc="center right")

    _write(draw, (9.0, 3.6), path)


def write_curve_figure(fits: Sequence[CurveFit], path: Path) -> None:
    """Draw failures against molecules seen on logarithmic axes, a panel a figure, the goals as lines across.

    Args:
        fits: Points, power law and goals; at least one.
        path: SVG file.

    Raises:
        ConfigError: matplotlib is not installed.
        InputError: The folder is read-only or full.
    """

    def draw(figure: Any) -> None:  # noqa: ANN401 - see above
        for axes, fit in zip(figure.subplots(1, len(fits), squeeze=False)[0], fits, strict=True):
            _draw_law(axes, fit)

    _write(draw, (4.5 * len(fits) + 0.5, 3.8), path)


def _draw_law(axes: Any, fit: CurveFit) -> None:  # noqa: ANN401 - matplotlib's Axes
    law, first = fit.law, min(fit.law.seen)
    failures = [1 - goal / 100 for goal in fit.goals]
    reached = [reach.molecules for failure in failures if (reach := law.reach(failure)) is not None]
    line = np.geomspace(first, min(max(*law.seen, *reached), FARTHEST * max(law.seen)), 50)
    axes.plot(line / 1e6, [law.failure(m) for m in line], color=SERIES[0], linestyle="--", label="power law")
    axes.plot([m / 1e6 for m in law.seen], law.failures, "o", color=SERIES[1], label="measured")
    for goal, failure in zip(fit.goals, failures, strict=True):
        axes.axhline(failure, color=MUTED, linewidth=0.8)
        axes.annotate(f"goal {goal:g} %", (first / 1e6, failure), va="bottom", color=MUTED, fontsize=8)
    axes.set_xscale("log")
    axes.set_yscale("log")
    _plain_ticks(axes.xaxis)
    _plain_ticks(axes.yaxis)
    axes.set_title(fit.title, fontsize=10)
    axes.set_xlabel("training molecules seen, millions")
    axes.set_ylabel("share that fails")
    axes.legend(loc="upper right")


def _plain_ticks(axis: Any) -> None:  # noqa: ANN401 - matplotlib's Axis
    """Label a logarithmic axis 0.02, 0.05, 0.1: powers of ten are few on it, and their multiples overlap."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def _draw_line(axes: Any, runs: Sequence[Run], figure: tuple[str, str], colour: str) -> None:  # noqa: ANN401
    protocol, metric = figure
    shares = [(run, found.figures.get(metric)) for run in runs if (found := run.protocols.get(protocol))]
    points = [(run, f) for run, f in shares if isinstance(f, Share) and f.interval is not None]
    if not points:
        return
    seconds = [run.seconds_each for run, _ in points]
    values = [100 * f.numerator / f.denominator for _, f in points]
    bounds = [f.interval for _, f in points if f.interval is not None]
    errors = [
        [max(0.0, v - 100 * low) for v, (low, _) in zip(values, bounds, strict=True)],
        [max(0.0, 100 * high - v) for v, (_, high) in zip(values, bounds, strict=True)],
    ]
    label = f"{runs[0].title}, {runs[0].first.device}"
    axes.errorbar(seconds, values, yerr=errors, fmt="o-", color=colour, capsize=2, label=label)
    for (run, _), x, y in zip(points, seconds, values, strict=True):
        # Above and aslant where other runs of the model lie below.
        place, turned = ((-2, 6), 30) if run.first.repair else ((5, -11), 0)
        where = {"xytext": place, "textcoords": "offset points", "rotation": turned, "fontsize": 7}
        axes.annotate(f"{run.calls} NFE", (x, y), rotation_mode="anchor", **where)


def _write(draw: Callable[[Any], None], size: tuple[float, float], path: Path) -> None:
    with optional_library("the figures of the results page", "viz"):
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    buffer = io.StringIO()
    with rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    with atomic_path(path) as partial:
        partial.write_text(buffer.getvalue(), encoding="utf-8")
