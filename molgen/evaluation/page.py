"""One self-contained page on an evaluation: figures with intervals, distributions, best and worst molecules.

It needs no network, runs no script and can be printed or sent by mail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from molgen.chem.molecule import Molecule
from molgen.core.files import atomic_path
from molgen.evaluation.beside import Beside
from molgen.evaluation.comparison import METHOD, Difference, untested_note
from molgen.evaluation.distribution import Distributions
from molgen.evaluation.markup import definitions, document, element, section, table, text
from molgen.evaluation.metrics.base import CONFIDENCE
from molgen.evaluation.page_figures import (
    distribution_sections,
    profile_section,
    reason_sections,
    strain_section,
)
from molgen.evaluation.page_style import STYLE
from molgen.evaluation.printing import model_cell, spread_cell
from molgen.evaluation.protocols import own_bonds
from molgen.evaluation.quoted import Quoted, quoted_section
from molgen.evaluation.ranking import Judged, best, judged_rows, worst
from molgen.evaluation.report import Report
from molgen.evaluation.structures import structure_svg
from molgen.evaluation.subject import Subject

SHOWN = 12
"""How many of the worst and of the best molecules are drawn."""

LONGEST_FAULT = 160
"""Characters of a fault below a structure."""


@dataclass(frozen=True, eq=False)
class Page:
    """What a page tells.

    Attributes:
        subjects: Judged models, all by the same protocols; at least one.
        differences: Tests of the others against the first; empty for one model.
        beside: Figures of a known set, or ``None``.
        distributions: Measure to its distributions in the reference; may be empty.
        options: How it was judged, for the header.
        quoted: Published figures, or ``None``.
    """

    subjects: Sequence[Subject]
    differences: Sequence[Difference] = ()
    beside: Beside | None = None
    distributions: Mapping[str, Distributions] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    quoted: Quoted | None = None


def write_page(page: Page, path: Path) -> None:
    """Write a page, complete or not at all.

    Args:
        page: What it tells.
        path: Target; its folder is created.

    Raises:
        InputError: The folder is read-only or full, or the molecules' files are gone.
        ConfigError: matplotlib is not installed.
    """
    content = render_page(page)
    with atomic_path(path) as partial:
        partial.write_text(content, encoding="utf-8")


def render_page(page: Page) -> str:
    """Return the page as HTML.

    Raises:
        InputError: A file that the drawn molecules are read from is gone.
        ConfigError: matplotlib is not installed.
    """
    title = "Evaluation of " + ", ".join(subject.name for subject in page.subjects)
    body = (
        element("h1", text(title))
        + _header(page)
        + (_comparison(page) if len(page.subjects) > 1 else _figures(page.subjects[0], page.beside))
        + ("" if page.quoted is None else quoted_section(page.quoted.groups_of(page.subjects)))
        + distribution_sections(page.subjects, page.distributions)
        + profile_section(page.subjects)
        + strain_section(page.subjects)
        + reason_sections(page.subjects)
        + "".join(_structures(subject) for subject in page.subjects)
    )
    return document(title, STYLE, body)


def _header(page: Page) -> str:
    first = page.subjects[0].reports
    pairs = [(f"{s.count} molecules", "\n".join(str(file) for file in s.files)) for s in page.subjects]
    pairs += [(f"{r.protocol.name} {r.protocol.version}", r.protocol.citation) for r in first]
    pairs += [("options", ", ".join(f"{name} {value}" for name, value in page.options.items()))]
    pairs += [("written", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")]
    return definitions(pairs)


def _figures(subject: Subject, beside: Beside | None) -> str:
    several = len(subject.files) > 1
    head = ["metric", "value", f"{CONFIDENCE:.0%} interval"]
    head += ["mean ± sd of files"] if several else []
    head += [] if beside is None else [beside.title]
    tables = "".join(
        table(
            f"Protocol {report.protocol.name}, version {report.protocol.version}. {report.caption}",
            [*head, "count"],
            [_figure_row(subject, report, metric, beside) for metric in report.figures],
        )
        for report in subject.reports
    )
    return section("Figures", tables, "Every requested molecule counts, failed ones included.")


def _figure_row(subject: Subject, report: Report, metric: str, beside: Beside | None) -> list[str]:
    value, interval, count = report.figures[metric].cells()
    extra = [spread_cell(subject, report, metric)] if len(subject.files) > 1 else []
    extra += [] if beside is None else [beside.cell(report.protocol, metric)]
    return [metric.replace("_", " "), value, interval, *extra, count]


def _comparison(page: Page) -> str:
    tables = ""
    for report in page.subjects[0].reports:
        protocol = report.protocol
        rows = []
        for metric in report.figures:
            cells = [model_cell(s, protocol.name, metric, page.differences) for s in page.subjects]
            extra = [] if page.beside is None else [page.beside.cell(protocol, metric)]
            rows.append([metric.replace("_", " "), *cells, *extra])
        head = ["metric", *(f"{s.name}\nn = {s.count}" for s in page.subjects)]
        head += [] if page.beside is None else [page.beside.title]
        tables += table(f"Protocol {protocol.name}, version {protocol.version}", head, rows)
        untested = untested_note(page.subjects, protocol.name)
        tables += element("p", text(f"{untested.capitalize()}.")) if untested else ""
    note = (
        f"Value, {CONFIDENCE:.0%} interval, and difference to {page.subjects[0].name} with its corrected p; "
        f"* marks p below 0.05. {METHOD}."
    )
    return section("Models side by side", tables, note)


def _structures(subject: Subject) -> str:
    judged = judged_rows(subject.reports)
    bad = worst(judged, SHOWN)
    good = best(judged, SHOWN)
    molecules = subject.molecules([j.row for j in [*bad, *good]])
    drawn = dict(zip(molecules, own_bonds(list(molecules.values())), strict=True))
    worst_note = "Most faults first, then the most strained; at most three that fail for the same reasons."
    best_note = "Those without a fault, the least strained first."
    return section(f"Worst molecules of {subject.name}", _cards(subject, bad, drawn), worst_note) + section(
        f"Best molecules of {subject.name}", _cards(subject, good, drawn), best_note
    )


def _cards(subject: Subject, judged: Sequence[Judged], drawn: Mapping[int, Molecule]) -> str:
    if not judged:
        return element("p", text("There are none."))
    places = {row: place for row, place in enumerate(subject.places()) if row in drawn}
    cards = "".join(_card(j, drawn[j.row], places[j.row]) for j in judged)
    return element("div", cards, {"class": "cards"})


def _card(judged: Judged, molecule: Molecule, place: tuple[Path, int]) -> str:
    name = molecule.smiles or molecule.formula or "no atoms"
    svg = structure_svg(molecule, text(f"Structural formula of {name}"))
    picture = element("div", "no graph to draw", {"class": "undrawn"}) if svg is None else svg
    lines = (
        element("strong", text(_cut(name)))
        + " "
        + element("small", text(f"{place[0].name}, index {place[1]}"))
    )
    if judged.strain is not None:
        lines += element("div", text(f"{judged.method}: {judged.strain:.1f} kcal/mol released"))
    lines += "".join(element("span", text(_cut(f)), {"class": "fault"}) for f in judged.faults)
    return element("figure", picture + element("figcaption", lines))


def _cut(given: str) -> str:
    return given if len(given) <= LONGEST_FAULT else given[: LONGEST_FAULT - 1] + "…"
