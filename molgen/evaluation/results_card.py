"""Results as the rows of a model card: the figures of the page, one a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from molgen.evaluation.metrics import Estimate, Profile, Share
from molgen.evaluation.metrics.asked import DRAWN
from molgen.evaluation.results_run import Run
from molgen.evaluation.results_tables import COLUMNS, run_cell


def card_metrics(runs: Sequence[Run], page: str) -> list[Mapping[str, str]]:
    """Return the rows of a card.

    Args:
        runs: All of the card's weights.
        page: Where the commands stand that made the figures.

    Returns:
        ``name``, ``value`` (mean over seeds, its deviation, the interval over all molecules) and ``command``
        for every figure that was measured.
    """
    rows: list[Mapping[str, str]] = []
    for run in runs:
        for protocol, labels in COLUMNS.items():
            if (judged := run.protocols.get(protocol)) is None:
                continue
            for label in labels:
                figure = judged.figures.get(label)
                if figure is None or isinstance(figure, Profile) or figure.value is None:
                    continue
                name = f"{protocol} protocol, {label.replace('_', ' ')} ({_of(run, figure)})"
                unit = "%" if isinstance(figure, Share) else figure.unit
                value = f"{run_cell(run, protocol, label)} {unit}"
                rows.append({"name": name, "value": value.rstrip(), "command": f"see {page}"})
    return rows


def _of(run: Run, figure: Share | Estimate) -> str:
    """Say which molecules a figure is of; slow checks look at some that are drawn, and may fail on a few."""
    size = f"{run.size} molecules"
    if figure.over == DRAWN:
        total = figure.denominator if isinstance(figure, Share) else figure.total
        size = f"{total} drawn of {size}"
        if isinstance(figure, Estimate) and figure.count < total:
            size = f"{figure.count} of {size}"
    return f"{'repaired, ' if run.first.repair else ''}{run.calls} NFE, {size}"
