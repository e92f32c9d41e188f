"""Tables for a terminal: figures of a subject, and models side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.table import Table as RichTable

from molgen.evaluation.beside import Beside
from molgen.evaluation.comparison import METHOD, Difference, untested_note
from molgen.evaluation.metrics import Figure, Share
from molgen.evaluation.metrics.profile import Profile
from molgen.evaluation.pooling import Spread
from molgen.evaluation.quoted import QuotedGroup
from molgen.evaluation.report import Report
from molgen.evaluation.subject import Subject


def subject_tables(subject: Subject, beside: Beside | None) -> Iterator[RichTable]:
    """Yield a table per protocol, with mean and spread where the subject has several files."""
    for report in subject.reports:
        over_files = None
        if len(subject.files) > 1:
            over_files = {metric: spread_cell(subject, report, metric) for metric in report.figures}
        yield report.render(beside, over_files)


def quoted_table(group: QuotedGroup) -> RichTable:
    """Return published figures with what says that they were not measured here."""
    rich = RichTable(
        *group.head,
        title=group.title,
        caption=group.remark,
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )
    for cells in group.cells():
        rich.add_row(*cells)
    return rich


def spread_cell(subject: Subject, report: Report, metric: str) -> str:
    """Return mean and standard deviation over files, in the figure's unit, and of how many if not of all."""
    found = subject.spread(report.protocol.name, metric)
    figure = report.figures[metric]
    if found is None or isinstance(figure, Profile):
        return "-"
    return _spread_text(found, 100 if metric in report.shares else 1)


def _spread_text(spread: Spread, scale: float) -> str:
    mean = f"{scale * spread.mean:.2f}" if scale > 1 else f"{spread.mean:.4g}"
    deviation = "" if spread.deviation is None else f" ± {scale * spread.deviation:.2g}"
    return mean + deviation + (f" ({spread.part} files)" if spread.part else "")


def comparison_tables(
    subjects: Sequence[Subject], differences: Sequence[Difference], beside: Beside | None
) -> Iterator[RichTable]:
    """Yield a table per protocol with a column per model; a star marks what differs from the first.

    Below stands which figures were not tested.
    """
    for report in subjects[0].reports:
        protocol = report.protocol
        note = untested_note(subjects, protocol.name)
        rich = RichTable(
            title=f"protocol {protocol.name} (version {protocol.version})",
            caption=f"against {subjects[0].name}: difference, corrected p; * below 0.05. {METHOD}"
            + (f"\n{note}" if note else ""),
            box=box.SIMPLE_HEAD,
            pad_edge=False,
            show_edge=False,
        )
        rich.add_column("metric")
        for subject in subjects:
            rich.add_column(f"{subject.name}\nn = {subject.count}", justify="right")
        if beside is not None:
            rich.add_column(beside.title, justify="right")
        for metric in report.figures:
            cells = [model_cell(subject, protocol.name, metric, differences) for subject in subjects]
            extra = [] if beside is None else [beside.cell(protocol, metric)]
            rich.add_row(metric.replace("_", " "), *cells, *extra)
        yield rich


def model_cell(subject: Subject, protocol: str, metric: str, differences: Sequence[Difference]) -> str:
    """Return a model's value with its interval and, below it, its difference to the first model."""
    report = subject.report(protocol)
    if report is None:
        return "not judged"
    value, interval, _ = report.figures[metric].cells()
    lines = [value] if interval == "-" else [value, interval]
    key = (subject.name, protocol, metric)
    lines += [
        difference_text(d, report.figures[metric])
        for d in differences
        if (d.model, d.protocol, d.metric) == key
    ]
    return "\n".join(lines)


def difference_text(difference: Difference, figure: Figure) -> str:
    """Return a difference with its corrected p-value, in the unit that the figure is shown in."""
    is_share = isinstance(figure, Share)
    size = f"{100 * difference.difference:+.2f}" if is_share else f"{difference.difference:+.3g}"
    star = " *" if difference.is_significant else ""
    p = "p < 0.001" if difference.corrected < 0.001 else f"p = {difference.corrected:.3f}"
    return f"{size}, {p}{star}"
