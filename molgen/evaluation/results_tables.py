"""Tables of the results page, as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from molgen.evaluation.beside import Beside
from molgen.evaluation.metrics import OF_A_SET, Estimate, Figure, Share
from molgen.evaluation.metrics.profile import Profile
from molgen.evaluation.pooling import Spread
from molgen.evaluation.protocols import load_protocol
from molgen.evaluation.quoted import Quoted, QuotedRow
from molgen.evaluation.results_goals import SPEED, Goal
from molgen.evaluation.results_run import Run

COLUMNS: Mapping[str, Sequence[str]] = {
    "edm": ("atom_stability", "molecule_stability", "validity", "valid_and_unique", "uniqueness", "novelty"),
    "bonded": ("atom_stability", "molecule_stability", "valid_and_connected", "uniqueness", "novelty"),
    "physical": (
        "plausibility",
        "plausible_with_energy_ratio",
        "xtb_energy_median",
        "xtb_energy_p90",
        "xtb_coverage",
        "bond_length_w1",
        "fcd",
        "diversity",
    ),
}
"""Protocol to the figures that the page shows of it."""

MEASURED = "measured"
ROUNDING = 1e-9


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; bars in texts are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_escaped(cell) for cell in line) + " |" for line in lines) + "\n"


def quality_table(runs: Sequence[Run], protocol: str, beside: Beside, quoted: Quoted) -> str:
    """Return one protocol's figures: of every run, of the reference data, and those that others published."""
    group = quoted.group(protocol)
    metrics = list(COLUMNS[protocol])
    labels = metrics + [label for label in group.labels if label not in metrics]
    rows = [_run_row(run, protocol, labels) for run in runs if protocol in run.protocols]
    shown = load_protocol(protocol)
    known = {label: figure for label in labels if (figure := beside.figure(shown, label)) is not None}
    cells = [figure_cell(known[label], None, label) if label in known else "-" for label in labels]
    rows.append([beside.title, "-", MEASURED, *cells])
    rows += [_quoted_row(row, labels) for row in group.rows]
    measured = [run.protocols[protocol].figures for run in runs if protocol in run.protocols]
    head = [
        label.replace("_", " ") + _unit([*(f.get(label) for f in measured), known.get(label)])
        for label in labels
    ]
    return markdown_table(["", "NFE", "source", *head], rows)


def table_remarks(runs: Sequence[Run], protocol: str, beside: Beside) -> list[str]:
    """Return what stands below :func:`quality_table`: of how many slow checks were asked; notes."""
    shown, labels = load_protocol(protocol), COLUMNS[protocol]
    told = [
        (run.name, run.limits(protocol), _notes(run.protocols[protocol].figures.get, labels))
        for run in runs
        if protocol in run.protocols
    ]
    told.append((beside.title, "", _notes(lambda label: beside.figure(shown, label), labels)))
    return [
        f"Of {name}: {'; of all seeds, '.join(filter(None, (limits, notes)))}."
        for name, limits, notes in told
        if limits or notes
    ]


def runs_table(runs: Sequence[Run]) -> str:
    """Return which weights drew what."""
    rows = [
        [
            run.title,
            run.first.digest[:12],
            run.first.sampler,
            run.calls,
            ", ".join(str(record.seed) for record in run.records),
            ", ".join(str(record.written) for record in run.records),
        ]
        for run in runs
    ]
    return markdown_table(["checkpoint", "weights, SHA-256", "sampler", "NFE", "seeds", "molecules"], rows)


def speed_table(runs: Sequence[Run]) -> str:
    """Return wall times by device; a device that no record names is not measured."""
    rows = [
        [
            run.title,
            run.calls,
            run.first.device + ("" if run.first.threads is None else f", {run.first.threads} threads"),
            str(sum(record.written for record in run.records)),
            _seconds(run),
            f"{1 / run.seconds_each:.4g}",
        ]
        for run in runs
    ]
    if not any(run.first.device.startswith("cuda") for run in runs):
        rows.append(["-", "-", "GPU", "-", "not measured", "not measured"])
    if not any(run.first.device == "cpu" for run in runs):
        rows.append(["-", "-", "CPU", "-", "not measured", "not measured"])
    head = ["checkpoint", "NFE", "device", "molecules", "seconds for 1,000", "molecules/s"]
    return markdown_table(head, rows)


def _seconds(run: Run) -> str:
    """Seconds for 1,000 molecules over all seeds, and of the fastest and slowest where there are several."""
    mean = f"{1000 * run.seconds_each:.4g}"
    each = [1000 * record.seconds / record.written for record in run.records]
    return mean if len(each) == 1 else f"{mean} ({min(each):.4g} to {max(each):.4g})"


def goals_table(goals: Sequence[Goal], runs: Sequence[Run], beside: Beside, quoted: Quoted) -> str:
    """Return what is wanted, what others published and the data have, what was measured and is missing."""
    rows = []
    for goal in goals:
        found = goal.best(runs)
        measured, verdict = "-", "not measured"
        if found is not None:
            run, value = found
            measured, verdict = _measured(goal, run, value), _verdict(goal, run, value)
        rows.append(
            [goal.title, goal.best_published(quoted), _known(goal, beside), goal.text, measured, verdict]
        )
    head = ["figure", "best published", beside.title, "goal", "measured", "how far"]
    return markdown_table(head, rows)


def run_cell(run: Run, protocol: str, metric: str) -> str:
    """Return a figure of a run by a protocol that judged it, as :func:`figure_cell`."""
    judged = run.protocols[protocol]
    if metric not in judged.figures:
        return "-"
    return figure_cell(judged.figures[metric], judged.spreads.get(metric), metric, len(run.records))


def figure_cell(figure: Figure, spread: Spread | None, metric: str, seeds: int = 1) -> str:
    """Return mean and deviation over seeds and the interval over all molecules; for one seed, the value.

    Figures of :data:`OF_A_SET` have no interval over all seeds. A cell tells where only some seeds have a
    value, or only all together.

    Args:
        figure: Over all seeds together.
        spread: Over the seeds; ``None`` for one seed, and where no seed has a value.
        metric: Name of the figure.
        seeds: How many there are.
    """
    if isinstance(figure, Profile) or figure.value is None:
        return "-"
    scale, form = (100.0, ".2f") if isinstance(figure, Share) else (1.0, ".4g")
    interval = None if seeds > 1 and metric in OF_A_SET else figure.interval
    value = f"{scale * figure.value:{form}}"
    if spread is not None:
        value = f"{scale * spread.mean:{form}}"
        value += "" if spread.deviation is None else f" ± {scale * spread.deviation:.2g}"
        value += f" ({spread.part} seeds)" if spread.part else ""
    elif seeds > 1:
        count = figure.denominator if isinstance(figure, Share) else figure.count
        value += f" ({count:,} together)"
    if interval is None:
        return value
    return f"{value} [{scale * interval[0]:{form}}, {scale * interval[1]:{form}}]"


def _run_row(run: Run, protocol: str, labels: Sequence[str]) -> list[str]:
    guessed = run.protocols[protocol].bonds.get("edm", 0) if load_protocol(protocol).bonds == "own" else 0
    source = f"{MEASURED}, {run.size}" + (", bonds by the edm rule" if guessed else "")
    return [run.title, run.calls, source, *(run_cell(run, protocol, label) for label in labels)]


def _quoted_row(row: QuotedRow, labels: Sequence[str]) -> list[str]:
    return [row.name, "-" if row.nfe is None else str(row.nfe), row.mark, *map(row.cell, labels)]


def _notes(find: Callable[[str], Figure | None], labels: Sequence[str]) -> str:
    """Return the notes of figures, each once, behind the names of those that have it."""
    named: dict[str, list[str]] = {}
    for label in labels:
        figure = find(label)
        if figure is not None and figure.note is not None:
            named.setdefault(figure.note, []).append(label.replace("_", " "))
    return "; ".join(f"{', '.join(names)}: {note}" for note, names in named.items())


def _known(goal: Goal, beside: Beside) -> str:
    """What the data have of a goal's figure, where that does not depend on how many there are of them."""
    if goal.protocol == SPEED or goal.metric in OF_A_SET:
        return "-"
    figure = beside.figure(load_protocol(goal.protocol), goal.metric)
    return "-" if figure is None else f"{figure_cell(figure, None, goal.metric)} {goal.unit}"


def _measured(goal: Goal, run: Run, value: float) -> str:
    if goal.protocol == SPEED:
        threads = "threads not recorded" if run.first.threads is None else f"{run.first.threads} threads"
        return f"{value:.4g} {goal.unit} ({run.name}, {threads})"
    return f"{run_cell(run, goal.protocol, goal.metric)} {goal.unit} ({run.name}, {run.size})"


def _verdict(goal: Goal, run: Run, value: float) -> str:
    missing = goal.missing(value)
    if missing > ROUNDING:
        return (
            f"missed by {missing:.2f} points" if goal.unit == "%" else f"missed by {missing:.3g} {goal.unit}"
        )
    figure = None if goal.protocol == SPEED else run.protocols[goal.protocol].figures[goal.metric]
    if isinstance(figure, Share | Estimate) and figure.interval is not None and goal.metric not in OF_A_SET:
        scale = 100.0 if isinstance(figure, Share) else 1.0
        if any(goal.missing(scale * bound) > ROUNDING for bound in figure.interval):
            return "reached, but not by the whole interval"
    return "reached"


def _unit(figures: Sequence[Figure | None]) -> str:
    """The unit of a column of figures; shares need none."""
    units = [figure.unit for figure in figures if isinstance(figure, Estimate)]
    return f", {units[0]}" if units and units[0] else ""


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")
