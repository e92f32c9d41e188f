"""Protocols: which checks and metrics make up a published evaluation, as data with a name and a version.

A protocol is a YAML file in ``molgen/evaluation/protocols``, or the user's own. A figure is only comparable
with another that names the same protocol and version.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from molgen.chem.bonds import perceive_bonds
from molgen.chem.molecule import Molecule
from molgen.core.errors import ConfigError
from molgen.evaluation.checks import CHECKS
from molgen.evaluation.measures import MEASURES
from molgen.evaluation.metrics import METRICS

SHIPPED = Path(__file__).parent / "protocols"


def own_bonds(molecules: Sequence[Molecule]) -> list[Molecule]:
    """Keep molecules as they are; those whose bonds are not known get bonds of the edm rule.

    A molecule that has failed without its bonds being looked at is kept as well.
    """
    unbonded = [i for i, m in enumerate(molecules) if m.bonds is None and m.failure is None]
    judged = list(molecules)
    for index, molecule in zip(unbonded, perceive_bonds([molecules[i] for i in unbonded]), strict=True):
        judged[index] = molecule
    return judged


BOND_RULES: Mapping[str, Callable[[Sequence[Molecule]], list[Molecule]]] = {
    "edm": perceive_bonds,
    "own": own_bonds,
}
"""Where the judged bonds come from, by the name that protocols use."""


@dataclass(frozen=True)
class Protocol:
    """One published way to judge molecules.

    Attributes:
        name: Name that reports quote.
        version: Raised whenever a figure could change.
        citation: Publication that defines it.
        bonds: Key of :data:`BOND_RULES`.
        checks: Check name to its thresholds by parameter name.
        limits: Name of a slow check to the number of molecules, drawn by seed, that it is asked about; the
            others are asked about all.
        measures: Names of the measures that are taken of every molecule.
        metrics: Metric names in the order of the report.
        reference: Name of the reference set that novelty is meant to be measured against.

    Raises:
        ConfigError: A name is unknown, or a check's thresholds are not those it takes.
    """

    name: str
    version: int
    citation: str
    bonds: str
    checks: Mapping[str, Mapping[str, Any]]
    limits: Mapping[str, int]
    measures: Sequence[str]
    metrics: Sequence[str]
    reference: str

    def __post_init__(self) -> None:
        """Check names and thresholds before anything is judged."""
        self._require_known("bond rule", [self.bonds], BOND_RULES)
        self._require_known("check", self.checks, CHECKS)
        self._require_known("limited check", self.limits, self.checks)
        self._require_known("measure", self.measures, MEASURES)
        self._require_known("metric", self.metrics, METRICS)
        for name, thresholds in self.checks.items():
            accepted = list(inspect.signature(CHECKS[name]).parameters)[1:]
            if sorted(thresholds) != sorted(accepted):
                raise ConfigError(
                    f"protocol {self.name!r} gives check {name!r} the thresholds {sorted(thresholds)}; "
                    f"it takes exactly {sorted(accepted)}"
                )

    def _require_known(self, kind: str, names: Iterable[str], known: Mapping[str, Any]) -> None:
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ConfigError(
                f"protocol {self.name!r} names unknown {kind} {unknown}; known are {', '.join(sorted(known))}"
            )


VERDICTS, QUICK, ALL = ("edm", "bonded"), ("edm", "bonded", "distributions"), ("edm", "bonded", "physical")
"""Shipped protocols that are asked for together: those of stability and validity; with distances to the
reference; with plausibility and strain, which take a second a molecule (and hold the distances as well)."""


def applicable_protocols(names: Iterable[str], with_bonds: bool) -> list[Protocol]:
    """Return those of some protocols that molecules allow; some need bonds of the molecules' own.

    Args:
        names: Names of shipped protocols.
        with_bonds: Whether any molecule brings bonds.
    """
    wanted = [load_protocol(name) for name in names]
    return [protocol for protocol in wanted if with_bonds or protocol.bonds != "own"]


def load_protocol(source: str | Path) -> Protocol:
    """Read a protocol.

    Args:
        source: Name of a shipped protocol, such as ``edm``, or a path to a YAML file.

    Raises:
        ConfigError: There is no such protocol, or the file's keys are not those of :class:`Protocol`.
    """
    shipped = {p.stem: p for p in SHIPPED.glob("*.yaml")}
    path = shipped.get(str(source), Path(source))
    if not path.is_file():
        known = ", ".join(sorted(shipped))
        raise ConfigError(f"there is no protocol {str(source)!r}; give one of {known}, or a YAML file")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {error}") from error
    wanted = [f.name for f in fields(Protocol)]
    if not isinstance(content, dict) or sorted(content) != sorted(wanted):
        found = sorted(content) if isinstance(content, dict) else type(content).__name__
        raise ConfigError(f"{path} has {found}; a protocol has exactly the keys {wanted}")
    return Protocol(**content)
