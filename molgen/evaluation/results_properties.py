"""The table of asked properties on the results page: mean absolute errors beside published ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from molgen.evaluation.asked_properties import MEV_PER_HARTREE
from molgen.evaluation.metrics import Estimate
from molgen.evaluation.quoted import QuotedGroup
from molgen.evaluation.results_requests import Requests, interval_cell
from molgen.evaluation.results_tables import MEASURED, markdown_table

TASK, ERROR = "property", "mae"
LEAD = (
    "Mean absolute errors from the table of properties above, as the judge sees them, beside published ones; "
    "of so many values of each property. "
    "Best of N: each molecule was drawn until it was near, N times at most, and the nearest was kept, by "
    "another network than the judge; published rows are not known to choose like this."
)


@dataclass(frozen=True)
class JudgeErrors:
    """How far the judge itself is off on real molecules, which no error that it sees can be told apart from.

    Attributes:
        errors: Property name to the mean absolute error, in its unit.
        units: Property name to its unit.
        molecules: Which molecules the errors are of, and how many, in words.
    """

    errors: Mapping[str, float]
    units: Mapping[str, str]
    molecules: str

    def row(self, names: Sequence[str]) -> list[str]:
        """Return the judge's row of a table with columns for these properties, energies in meV."""
        cells = [self._cell(name) if name in self.errors else "-" for name in names]
        return ["the judge itself", MEASURED, self.molecules, *cells]

    def _cell(self, name: str) -> str:
        return f"{self.errors[name] * (MEV_PER_HARTREE if self.units[name] == 'hartree' else 1):.4g}"


def properties_section(
    tables: Sequence[Requests], quoted: QuotedGroup, judge: JudgeErrors | None = None
) -> str:
    """Return a section of the page, or nothing where no property was asked.

    Args:
        tables: All requests.
        quoted: Published errors, energies in meV.
        judge: The judge's own errors, for a row of theirs, or ``None``.
    """
    rows = _errors(tables)
    if not rows:
        return ""
    names = quoted.labels or sorted({name for errors in rows.values() for name in errors})
    units = {name: found.unit for errors in rows.values() for name, found in errors.items()}
    head = ["", "source", "values", *(f"{n}, {units[n]}" if units.get(n) else n for n in names)]
    measured = [
        [how, MEASURED, str(count), *(_cell(errors.get(name)) for name in names)]
        for (how, count), errors in rows.items()
    ]
    measured += [] if judge is None else [judge.row(names)]
    published = [[row.name, row.mark, "-", *map(row.cell, names)] for row in quoted.rows]
    remark = f"\nQuoted rows: {quoted.remark}.\n" if quoted.rows else ""
    return f"## Properties as asked\n\n{LEAD}\n\n{markdown_table(head, measured + published)}{remark}"


def _errors(tables: Sequence[Requests]) -> Mapping[tuple[str, int], Mapping[str, Estimate]]:
    """Return errors, energies in meV, by property, under how and how many values of each were asked for."""
    errors: dict[tuple[str, int], dict[str, Estimate]] = defaultdict(dict)
    for table in tables:
        for row in table.rows:
            task, _, rest = row.task.partition(", ")
            name, _, how = rest.partition(", ")
            found = row.measured.get(ERROR)
            if task == TASK and isinstance(found, Estimate) and found.value is not None:
                errors[how, found.total][name] = _in_mev(found) if found.unit == "hartree" else found
    return errors


def _cell(found: Estimate | None) -> str:
    return "-" if found is None else interval_cell(replace(found, unit=""))


def _in_mev(found: Estimate) -> Estimate:
    assert found.value is not None
    interval = found.interval and (MEV_PER_HARTREE * found.interval[0], MEV_PER_HARTREE * found.interval[1])
    return replace(found, value=MEV_PER_HARTREE * found.value, unit="meV", interval=interval)
