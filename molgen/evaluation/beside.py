"""Figures of a known set beside the new ones, read from what ``molgen evaluate --json`` wrote.

Shipped are those of QM9's test split; ``references/FIGURES.md`` says how they are made again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from molgen.core.errors import InputError
from molgen.evaluation.metrics import DISTANCES, Estimate, Figure, Share
from molgen.evaluation.metrics.profile import Profile
from molgen.evaluation.protocols import Protocol

FOLDER = Path(__file__).parent / "references"
SHIPPED = {"qm9": ("QM9 test", (FOLDER / "qm9_test_quick.json", FOLDER / "qm9_test_physical.json"))}
"""Name of shipped figures to their title and files.

They are of the molecules that the shipped reference measures distances to: distances of a set to itself are
left out.
"""

NONE = "none"


@dataclass(frozen=True)
class Beside:
    """Figures by protocol.

    Attributes:
        title: Head of the column.
        protocols: Protocol name to its version and to its figures by metric name.
    """

    title: str
    protocols: Mapping[str, tuple[int, Mapping[str, Figure]]]

    @classmethod
    def load(cls, source: str | Path) -> Beside:
        """Read figures.

        Args:
            source: ``qm9``, or a JSON file of ``molgen evaluate --json``.

        Raises:
            InputError: There is no such name or file, or it holds no figures.
        """
        title, paths = SHIPPED.get(str(source), (Path(source).stem, (Path(source),)))
        found = {name: given for path in paths for name, given in cls._read(path).items()}
        left_out = DISTANCES.keys() if str(source) in SHIPPED else ()
        return cls(
            title,
            {
                name: (version, {metric: f for metric, f in figures.items() if metric not in left_out})
                for name, (version, figures) in found.items()
            },
        )

    @staticmethod
    def _read(path: Path) -> dict[str, tuple[int, Mapping[str, Figure]]]:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            known = ", ".join(SHIPPED)
            raise InputError(
                f"figures {str(path)!r} are neither shipped (there is {known}) nor an existing file; give "
                "what molgen evaluate --json wrote"
            ) from error
        except (OSError, ValueError) as error:
            raise InputError(f"cannot read {path} as JSON: {error}") from error
        try:
            return {name: protocol_figures(found) for name, found in content["protocols"].items()}
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            raise InputError(
                f"{path} holds no figures of molecules ({error!r}); give what molgen evaluate --json wrote "
                "for a file or for several of one model"
            ) from error

    def figure(self, protocol: Protocol, metric: str) -> Figure | None:
        """Return a figure of the same protocol in the same version, or ``None``."""
        version, figures = self.protocols.get(protocol.name, (protocol.version, {}))
        return figures.get(metric) if version == protocol.version else None

    def cell(self, protocol: Protocol, metric: str) -> str:
        """Return that figure as a table shows it."""
        figure = self.figure(protocol, metric)
        return "-" if figure is None else figure.cells()[0]


def protocol_figures(content: Mapping[str, Any]) -> tuple[int, Mapping[str, Figure]]:
    """Return version and figures of what a report's ``to_dict`` gave."""
    version = int(content["protocol"]["version"])
    return version, {name: read_figure(figure) for name, figure in content["metrics"].items()}


def read_figure(content: Mapping[str, Any]) -> Figure:
    """Undo a figure's ``to_dict``."""
    given = dict(content)
    if "values" in given:
        return Profile(**given)
    interval = given.pop("interval")
    bounds = None if interval is None else (float(interval[0]), float(interval[1]))
    if "numerator" in given:
        given.pop("value")
        given["numerator"] = given["numerator"] or 0
        return Share(**given, interval=bounds)
    return Estimate(**given, interval=bounds)
