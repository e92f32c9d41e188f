"""The table of asked properties: errors in their units, each way of asking a row, published ones below."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from molgen.evaluation.metrics import Estimate, share
from molgen.evaluation.quoted import Quoted
from molgen.evaluation.results_properties import JudgeErrors, properties_section
from molgen.evaluation.results_requests import Requests, read_requests

QUOTED = Quoted.load().group("properties")


def asked(folder: Path, **errors: Estimate) -> Requests:
    """Read a file of requests whose labels are given with underscores for commas."""
    tasks = [
        {"task": "property", "label": label.replace("__", ", ").replace("_", " "), "requested": 20_000}
        | {"figures": {"success": share(9, 10, "requested").to_dict(), "mae": error.to_dict()}}
        for label, error in errors.items()
    ]
    path = folder / "requests.json"
    path.write_text(json.dumps({"tasks": tasks, "options": {"only": "property"}}))
    return read_requests(path)


def mae(value: float | None, unit: str, interval: tuple[float, float] | None = None) -> Estimate:
    return Estimate(value, unit, 10, 10, "requested", interval)


def test_each_way_of_asking_is_a_row_and_energies_are_in_mev(tmp_path: Path) -> None:
    requests = asked(
        tmp_path,
        gap__guidance_1=mae(0.01, "hartree", (0.009, 0.011)),
        alpha__guidance_1=mae(0.5, "bohr^3", (0.4, 0.6)),
        gap__guidance_2__best_of_8=mae(0.001, "hartree"),
        tpsa__guidance_1=mae(3.0, "angstrom^2"),
        mu__guidance_1=mae(None, "debye"),
    )
    lines = properties_section([requests], QUOTED).splitlines()
    head, first, second = (
        next(line for line in lines if text in line)
        for text in ("| source |", "| guidance 1 |", "| guidance 2, best of 8 |")
    )
    names = [cell.strip() for cell in head.split("|")[1:-1]]
    assert {"alpha, bohr^3", "gap, meV"} <= set(names) and not any("tpsa" in name for name in names)
    cells = dict(zip(names, (cell.strip() for cell in first.split("|")[1:-1]), strict=True))
    assert cells["gap, meV"] == "272.1 [244.9, 299.3]" and cells["alpha, bohr^3"] == "0.5 [0.4, 0.6]"
    assert cells["mu"] == "-" and cells["source"] == "measured"
    assert "27.21" in second and second.count("| - ") == 5
    assert cells["values"] == "10"
    published = next(line for line in lines if "PropMolFlow" in line)
    assert "second hand" in published and "391" in published


def test_rows_of_other_numbers_of_values_stand_apart(tmp_path: Path) -> None:
    few = asked(tmp_path, alpha__guidance_1=mae(0.5, "bohr^3"))
    many = asked(tmp_path, alpha__guidance_1=Estimate(0.7, "bohr^3", 90, 100, "requested"))
    section = properties_section([few, many], QUOTED)
    assert "| guidance 1 | measured | 10 | 0.5 |" in section
    assert "| guidance 1 | measured | 100 | 0.7 of 90/100 |" in section


def test_the_judge_has_a_row_of_its_own_errors(tmp_path: Path) -> None:
    requests = asked(tmp_path, gap__guidance_1=mae(0.01, "hartree"))
    judge = JudgeErrors({"gap": 0.002, "alpha": 0.13}, {"gap": "hartree", "alpha": "bohr^3"}, "all of them")
    names = [*QUOTED.labels]
    lines = properties_section([requests], QUOTED, judge).splitlines()
    cells = next(line for line in lines if "the judge itself" in line).split(" | ")
    assert cells[:3] == ["| the judge itself", "measured", "all of them"]
    found = dict(zip(names, (cell.strip(" |") for cell in cells[3:]), strict=True))
    assert (found["gap"], found["alpha"], found["mu"]) == ("54.42", "0.13", "-")
    assert "the judge itself" not in properties_section([requests], QUOTED)


def test_without_properties_there_is_no_section(tmp_path: Path) -> None:
    assert properties_section([], QUOTED) == ""
    assert properties_section([asked(tmp_path, gap__guidance_1=mae(None, "hartree"))], QUOTED) == ""


def test_numbers_of_requests_are_written_out(tmp_path: Path) -> None:
    requests = asked(tmp_path, gap__guidance_1=mae(0.01, "hartree"))
    assert requests.rows[0].figures["requested"] == "20000"


def test_nothing_quoted_is_no_hindrance(tmp_path: Path) -> None:
    requests = asked(tmp_path, alpha__guidance_1=mae(0.5, "bohr^3"))
    section = properties_section([requests], Quoted(()).group("properties"))
    assert "| guidance 1 | measured | 10 | 0.5 |" in section and "Quoted rows" not in section


@pytest.mark.parametrize("name", ["alpha", "gap", "homo", "lumo", "mu", "cv"])
def test_every_property_that_others_publish_has_a_column(name: str) -> None:
    assert name in QUOTED.labels
