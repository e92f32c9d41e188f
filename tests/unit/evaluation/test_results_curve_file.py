"""The file of a learning curve: training is typed, figures are read from evaluations."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest

from molgen.core.errors import InputError
from molgen.evaluation.results_curve_file import read_curve

MADE = Path(__file__).parents[2] / "fixtures" / "results" / "curve"
EVALUATION = "1000000.eval.json"


def write(folder: Path, points: object) -> Path:
    """A curve beside invented evaluations."""
    shutil.copytree(MADE, folder / "curve")
    path = folder / "curve" / "curve.json"
    path.write_text(json.dumps(points))
    return path


def point(seen: float, **more: object) -> dict[str, object]:
    """One point as it stands in a file."""
    return {"molecules_seen": seen, "evaluation": EVALUATION, **more}


def test_figures_are_those_of_the_evaluation(tmp_path: Path) -> None:
    (found,) = read_curve(write(tmp_path, [point(832_000, weights="commit 1")]))
    assert found.figures["bonded/valid_and_connected"] == pytest.approx(0.9)
    assert (found.nfe, found.repaired, found.judged, found.weights) == (100, False, "1 x 100", "commit 1")
    drawn, judged = found.commands
    assert drawn.startswith("molgen sample") and judged.startswith("molgen evaluate") and EVALUATION in judged


def test_hours_are_read_and_points_sorted(tmp_path: Path) -> None:
    path = write(tmp_path, [point(2, core_hours=2), point(1, core_hours=None), point(3)])
    assert [(p.molecules_seen, p.core_hours) for p in read_curve(path)] == [(1, None), (2, 2.0), (3, None)]


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([point(1, core_hours=0)], "core_hours 0 after 1 molecules; give positive hours"),
        ([point(1, core_hours=-1)], "give positive hours"),
        ([point(1, core_hours=math.inf)], "give positive hours"),
        ([point(1, core_hours=True)], "core_hours True is no number"),
        ([point(1, core_hours="2.5")], "core_hours '2.5' is no number"),
        ([point(1, core_hour=2.5)], "unknown key core_hour"),
        ([point(1, figures={"bonded/valid_and_connected": 0.9})], "unknown key figures"),
        ([{"molecules_seen": 1}], "is no learning curve .*evaluation"),
        ([point(math.inf)], "is no learning curve"),
        ({"molecules_seen": 1}, "is no learning curve"),
        ([point(1) | {"evaluation": "none.eval.json"}], "cannot read .*none.eval.json"),
        (
            [point(1, core_hours=3), point(2, core_hours=2)],
            "3 after 1 molecules and 2 after 2; they are counted",
        ),
        (
            [point(1, core_hours=3), point(1, core_hours=4)],
            "3 after 1 molecules and 4 after 1; they are counted",
        ),
    ],
)
def test_files_that_cannot_be_right(tmp_path: Path, points: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_curve(write(tmp_path, points))
