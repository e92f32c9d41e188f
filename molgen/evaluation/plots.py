"""Figures as SVG that follow a page's colours, drawn by matplotlib.

matplotlib writes fixed colours; each role is drawn in a colour of its own that is then replaced by a CSS
variable, so that one file is right on light, dark and paper.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.evaluation.optional_library import optional_library

INK, GRID, REFERENCE = "#010101", "#020202", "#030303"
SERIES = ("#0a0001", "#0a0002", "#0a0003", "#0a0004", "#0a0005", "#0a0006")
VARIABLES = {INK: "--ink", GRID: "--line", REFERENCE: "--reference"} | {
    colour: f"--series-{number}" for number, colour in enumerate(SERIES)
}

PANEL = (3.3, 2.3)
"""Width and height of one panel, inches."""

BINS = 40
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "molgen",
    "text.parse_math": False,
    "font.family": ["sans-serif"],
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "xtick.color": INK,
    "ytick.color": INK,
}

Values = NDArray[np.float64]


def require_matplotlib() -> None:
    """Find out now, rather than after long work, whether figures can be drawn.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    with optional_library("the page of --html", "viz"):
        import matplotlib.figure  # noqa: F401


def distribution_svg(
    samples: Mapping[str, Values], reference: Values | None, axis: str, description: str
) -> str:
    """Draw normalised histograms over each other, the reference as an area.

    Args:
        samples: Name to ``(n,)`` values, at most :data:`SERIES` many, in the order of the series' colours.
        reference: Values, or points of a quantile sketch; ``None`` without one.
        axis: What the values are, with their unit.
        description: Text for those who cannot see the figure; must be escaped for HTML.
    """

    def draw(axes: Any) -> None:  # noqa: ANN401 - matplotlib's Axes, a dependency that may be missing
        shown = [*samples.values(), *([] if reference is None else [reference])]
        edges = _edges([values for values in shown if len(values)])
        if reference is not None and len(reference):
            axes.stairs(*_density(reference, edges), fill=True, color=REFERENCE)
        for values, colour in zip(samples.values(), SERIES, strict=False):
            if len(values):
                axes.stairs(*_density(values, edges), color=colour, linewidth=1.4)
        axes.set_xlabel(axis)
        axes.set_yticks([])
        axes.set_ylim(bottom=0)

    return _svg(draw, PANEL, description)


def strain_svg(samples: Mapping[str, Values], axis: str, description: str) -> str:
    """Draw histograms over a logarithmic axis; what is below its start is counted at the start.

    Args:
        samples: Name to ``(n,)`` released energies.
        axis: What the values are, with their unit.
        description: Text for those who cannot see the figure; must be escaped for HTML.
    """

    def draw(axes: Any) -> None:  # noqa: ANN401 - see above
        edges = np.geomspace(0.01, max(100.0, *(values.max() for values in samples.values())), BINS)
        for values, colour in zip(samples.values(), SERIES, strict=False):
            axes.stairs(*_density(values.clip(min=edges[0]), edges, per_width=False), color=colour)
        axes.set_xscale("log")
        axes.set_xticks(ticks := 10.0 ** np.arange(-2, np.ceil(np.log10(edges[-1])) + 1))
        axes.set_xticklabels([f"{tick:g}" for tick in ticks])
        axes.set_xlim(edges[0], edges[-1])
        axes.set_xlabel(axis)
        axes.set_ylabel("share of molecules")
        axes.set_ylim(bottom=0)

    return _svg(draw, PANEL, description)


def bars_svg(counts: Sequence[tuple[str, int]], axis: str, description: str) -> str:
    """Draw horizontal bars with their counts, the first on top.

    Args:
        counts: Label and length.
        axis: What is counted.
        description: Text for those who cannot see the figure; must be escaped for HTML.
    """

    def draw(axes: Any) -> None:  # noqa: ANN401 - see above
        places = np.arange(len(counts))[::-1]
        numbers = [count for _, count in counts]
        axes.barh(places, numbers, color=SERIES[0], height=0.3)
        for place, (label, count) in zip(places, counts, strict=True):
            axes.text(0, place + 0.22, f"{label}: {count}", va="bottom")
        axes.set_yticks([])
        axes.set_ylim(-0.5, len(counts) - 0.2)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(axis)

    return _svg(draw, (1.4 * PANEL[0], 0.6 + 0.42 * len(counts)), description)


def _svg(draw: Callable[[Any], None], size: tuple[float, float], description: str) -> str:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    buffer = io.StringIO()
    with rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.add_subplot())
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return _inline(buffer.getvalue(), description)


def _inline(document: str, description: str) -> str:
    """Keep the ``svg`` element, with a page's colours and without names that other figures have as well."""
    body = document[document.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', body))
    body = re.sub(r' id="([^"]*)"', lambda found: found.group(0) if found.group(1) in used else "", body)
    # Two figures may share a tick mark, and its name with it, but a page may use each name once.
    prefix = "f" + blake2b((description + body).encode(), digest_size=6).hexdigest()
    body = re.sub(r'( id="|url\(#|href="#)', rf"\1{prefix}-", body)
    for colour, variable in VARIABLES.items():
        body = body.replace(colour, f"var({variable})")
    return body.replace("<svg", f'<svg role="img" aria-label="{description}"', 1)


def _edges(shown: Sequence[Values]) -> Values:
    """Bins over what nearly all values span; whole numbers get a bin each."""
    everything = np.concatenate(shown)
    low, high = (float(q) for q in np.quantile(everything, [0.002, 0.998]))
    if np.array_equal(everything, everything.round()) and high - low <= 2 * BINS:
        return np.arange(np.floor(low), np.ceil(high) + 2) - 0.5
    if high <= low:
        low, high = low - 0.5, high + 0.5
    margin = 0.02 * (high - low)
    return np.linspace(low - margin, high + margin, BINS + 1)


def _density(values: Values, edges: Values, per_width: bool = True) -> tuple[Values, Values]:
    counts, _ = np.histogram(values, edges)
    widths = np.diff(edges) if per_width else 1.0
    return np.asarray(counts / len(values) / widths, dtype=np.float64), edges
