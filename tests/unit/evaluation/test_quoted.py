"""Quoted figures are marked, carry no interval, and are read in one form alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from rich.console import Console

from molgen.cli.judging import read_beside
from molgen.core.errors import ConfigError, InputError
from molgen.evaluation.metrics import METRICS
from molgen.evaluation.printing import quoted_table
from molgen.evaluation.protocols import SHIPPED, load_protocol
from molgen.evaluation.quoted import MARK, NONE_KNOWN, Quoted, QuotedFigure, quoted_section


@pytest.fixture(scope="module")
def quoted() -> Quoted:
    return Quoted.load()


def test_shares_are_per_cent_and_metric_names_are_those_of_the_protocol(quoted: Quoted) -> None:
    protocols = {path.stem for path in SHIPPED.glob("*.yaml")}
    judged = [group for group in quoted.groups if group.protocol in protocols]
    assert {group.protocol for group in judged} == {"edm", "bonded"}
    for group in judged:
        assert set(group.labels) & set(METRICS) <= set(load_protocol(group.protocol).metrics)
        assert all(50 < figure.value <= 100 for row in group.rows for figure in row.figures.values())


def test_validity_of_others_is_not_ours_where_the_definition_differs(quoted: Quoted) -> None:
    assert not {"validity", "valid_and_connected"} & set(quoted.group("bonded").labels)


def test_rows_say_where_they_come_from(quoted: Quoted) -> None:
    edm = quoted.group("edm").cells()
    assert edm[0] == ["EDM (Hoogeboom et al. 2022)", "1000", "98.7", "82.0", "91.9", "90.7", "published"]
    assert edm[-1][1:4] == ["4", "-", "89.4 or more"]
    assert {row[-1] for row in quoted.group("bonded").cells()} == {"second hand"}


def test_no_interval_anywhere(quoted: Quoted) -> None:
    for group in quoted.groups:
        content = group.to_dict()
        assert content["note"] == MARK
        for row in content["rows"]:
            assert all(set(figure) == {"value", "at_least"} for figure in row["figures"].values())


def test_tables_are_marked(quoted: Quoted) -> None:
    console = Console(width=80, record=True, quiet=True)
    group = quoted.group("bonded")
    with console.capture() as printed:
        console.quiet = False
        console.print(quoted_table(group))
    assert MARK in printed.get() and "second" in printed.get()
    page = quoted_section([group, quoted.group("nobody's")])
    assert MARK in page and "second hand" in page and NONE_KNOWN in page


def test_beside_takes_one_column_and_quoted() -> None:
    column, quoted = read_beside(["quoted", "qm9"])
    assert column is not None and column.title == "QM9 test" and quoted is not None
    assert read_beside(["none"]) == (None, None)
    column, quoted = read_beside(["none", "quoted"])
    assert column is None and quoted is not None
    with pytest.raises(InputError, match=r"--beside was given qm9, other\.json; give one"):
        read_beside(["qm9", "other.json"])


@pytest.mark.parametrize(
    ("given", "shown", "at_least"),
    [(82.0, "82.0", False), (100, "100", False), (">= 89.4", "89.4 or more", True)],
)
def test_figures_keep_their_digits(given: float | str, shown: str, at_least: bool) -> None:
    figure = QuotedFigure.parse(given)
    assert (str(figure), figure.at_least) == (shown, at_least)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"confidence": "hearsay"}, "confidence 'hearsay'; give one of"),
        ({"figures": {"validity": "about 90"}}, "'about 90' is no number"),
        ({"interval": [1, 2]}, "holds no quoted figures"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    row = {
        "method": "m",
        "publication": None,
        "nfe": 1,
        "confidence": "published",
        "figures": {"validity": 90},
    }
    group = {"protocol": "edm", "unit": "%", "remark": "", "rows": [row | change]}
    path = tmp_path / "quoted.yaml"
    path.write_text(yaml.safe_dump({"groups": [group]}))
    with pytest.raises(ConfigError, match=message):
        Quoted.load(path)
