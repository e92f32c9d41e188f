"""The figures of a page: distributions against the reference, reasons of failure, strain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from molgen.evaluation.distribution import Distributions
from molgen.evaluation.markup import element, legend, section, table, text
from molgen.evaluation.metrics.profile import Profile
from molgen.evaluation.plots import SERIES, bars_svg, distribution_svg, strain_svg
from molgen.evaluation.ranking import STRAINS, reason_counts
from molgen.evaluation.report import Report
from molgen.evaluation.subject import Subject

AXES = {
    "bond_lengths": "angstrom",
    "bond_angles": "degrees",
    "torsions": "degrees",
    "size": "number of atoms",
}
"""Unit of a measure; one that is not listed is drawn without."""

MAX_KINDS = 6
"""Kinds of a measure that are drawn: the commonest."""

MAX_REASONS = 10
MAX_PROFILE = 20

Values = NDArray[np.float64]


def distribution_sections(subjects: Sequence[Subject], reference: Mapping[str, Distributions]) -> str:
    """Return a section for every measure that was taken, with a panel for each of its commonest kinds.

    Counts of several kinds (rings, elements) are left to the profiles.

    Args:
        subjects: Judged molecules.
        reference: Measure to its distributions in the reference; may be empty.
    """
    measures = dict.fromkeys(name for s in subjects for r in s.reports for name in r.table.measurements)
    return "".join(_measure_section(name, subjects, reference.get(name)) for name in measures)


def _measure_section(name: str, subjects: Sequence[Subject], reference: Distributions | None) -> str:
    samples = {subject.name: _values(subject, name) for subject in subjects[: len(SERIES)]}
    counts = {kind: len(values) for kind, values in next(iter(samples.values())).items()}
    if reference is not None:
        counts = {kind: found.count for kind, found in reference.kinds.items()}
    kinds = sorted(counts, key=lambda kind: (-counts[kind], kind))[:MAX_KINDS]
    if len(kinds) > 1 and all(_is_whole(values) for found in samples.values() for values in found.values()):
        return ""
    title = name.replace("_", " ")
    panels = "".join(
        _panel(
            kind if len(kinds) > 1 else title,
            {subject: found.get(kind, np.zeros(0)) for subject, found in samples.items()},
            None if reference is None or kind not in reference.kinds else reference.kinds[kind].points,
            AXES.get(name, ""),
        )
        for kind in kinds
    )
    key = legend(list(samples), None if reference is None else "reference")
    note = f"the {len(kinds)} commonest of {len(counts)} kinds" if len(counts) > len(kinds) else ""
    return section(title.capitalize(), key + element("div", panels, {"class": "panels"}), note)


def _panel(kind: str, samples: Mapping[str, Values], points: NDArray[np.float32] | None, axis: str) -> str:
    medians = [f"{name}: median {np.median(v):.4g}, n = {len(v)}" for name, v in samples.items() if len(v)]
    if not medians and points is None:
        return ""
    against = None if points is None else points.astype(np.float64)
    if against is not None:
        medians.append(f"reference: median {np.median(against):.4g}")
    described = text(f"Distribution of {kind}. " + "; ".join(medians))
    drawn = distribution_svg(samples, against, axis, described)
    caption = element("strong", text(kind)) + " " + element("small", text("; ".join(medians)))
    return element("figure", drawn + element("figcaption", caption))


def _values(subject: Subject, measure: str) -> dict[str, Values]:
    for report in subject.reports:
        if measure in report.table.measurements:
            found = report.table.measured(measure)
            return {kind: found.of(kind) for kind in found.kinds}
    return {}


def _is_whole(values: Values) -> bool:
    return bool(np.array_equal(values, np.rint(values)))


def reason_sections(subjects: Sequence[Subject]) -> str:
    """Return a bar chart of what is wrong with molecules, for each model and protocol that found any."""
    charts = "".join(
        _reason_chart(f"{subject.name}, protocol {report.protocol.name}", report)
        for subject in subjects
        for report in subject.reports
    )
    note = "Molecules by what the checks say of them; a molecule may have several faults."
    return section("Reasons of failure", charts, note)


def _reason_chart(title: str, report: Report) -> str:
    counts = reason_counts(report).most_common()
    if not counts:
        return element("p", text(f"{title}: no molecule has a fault."))
    shown = [(_shortened(reason), count) for reason, count in counts[:MAX_REASONS]]
    rest = len(counts) - len(shown)
    caption = f"{title}, n = {len(report.table)}" + (f"; {rest} rarer reasons not shown" if rest else "")
    described = text(f"{caption}: " + "; ".join(f"{reason} {count}" for reason, count in shown))
    drawn = bars_svg(shown, "molecules", described)
    return element("figure", element("h3", text(caption)) + drawn, {"class": "reasons"})


def _shortened(reason: str, longest: int = 60) -> str:
    return reason if len(reason) <= longest else reason[: longest - 1] + "…"


def strain_section(subjects: Sequence[Subject]) -> str:
    """Return histograms of the energy that relaxation released, where any protocol relaxed molecules."""
    panels = "".join(_strain_panels(subjects))
    note = "Energy that relaxation releases: how much a structure was strained. The axis is logarithmic."
    names = [subject.name for subject in subjects[: len(SERIES)]]
    key = legend(names, None)
    return section("Strain", key + element("div", panels, {"class": "panels"}) if panels else "", note)


def _strain_panels(subjects: Sequence[Subject]) -> Iterator[str]:
    for column, method in STRAINS.items():
        samples = {subject.name: _column(subject, column) for subject in subjects[: len(SERIES)]}
        samples = {name: values for name, values in samples.items() if len(values)}
        if samples:
            medians = "; ".join(f"{k}: median {np.median(v):.3g}, n = {len(v)}" for k, v in samples.items())
            drawn = strain_svg(samples, f"{method} energy, kcal/mol", text(f"Strain by {method}. {medians}"))
            caption = element("strong", text(method)) + " " + element("small", text(medians))
            yield element("figure", drawn + element("figcaption", caption))


def _column(subject: Subject, name: str) -> Values:
    for report in subject.reports:
        if name in report.table.columns:
            cells = report.table[name].tolist()
            return np.array([cell for cell in cells if cell is not None], dtype=np.float64)
    return np.zeros(0)


def profile_section(subjects: Sequence[Subject]) -> str:
    """Return a table for every profile: how often each kind occurs per molecule, beside the reference."""
    tables = "".join(
        _profile_table(report.protocol.name, metric, figure, subjects)
        for report in subjects[0].reports
        for metric, figure in report.figures.items()
        if isinstance(figure, Profile) and figure.values
    )
    return section("Profiles", tables, "How often each kind occurs per molecule.")


def _profile_table(protocol: str, metric: str, first: Profile, subjects: Sequence[Subject]) -> str:
    columns: dict[str, Mapping[str, float]] = {}
    for subject in subjects:
        report = subject.report(protocol)
        figure = None if report is None else report.figures[metric]
        columns[subject.name] = figure.values if isinstance(figure, Profile) else {}
    if first.reference is not None:
        columns["reference"] = first.reference
    known = {kind for values in columns.values() for kind in values}
    total = {kind: sum(values.get(kind, 0.0) for values in columns.values()) for kind in known}
    kinds = sorted(known, key=lambda kind: (-total[kind], kind))[:MAX_PROFILE]
    rows = [[kind, *(f"{values.get(kind, 0.0):.4f}" for values in columns.values())] for kind in kinds]
    cut = f", the {len(kinds)} commonest of {len(known)} kinds" if len(known) > len(kinds) else ""
    return table(metric.replace("_", " ") + cut, ["kind", *columns], rows)
