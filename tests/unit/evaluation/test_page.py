"""The page: everything told, nothing loaded, nothing run, every text escaped."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from molgen.chem import Molecule, write_molecules
from molgen.cli.evaluate import Outputs, evaluate_files
from molgen.cli.judging import How
from molgen.evaluation.beside import Beside
from molgen.evaluation.page import Page, render_page
from molgen.evaluation.plots import VARIABLES, bars_svg
from molgen.evaluation.ranking import best, general, judged_rows, reason_counts, worst
from molgen.evaluation.structures import structure_svg
from molgen.evaluation.subject import Subject

pytest.importorskip("matplotlib")

HOSTILE = '<script>alert("x")</script> & $\\frac{1}{0}$ </svg>'


class Outline(HTMLParser):
    """Elements, their attributes, and whether they are closed in order."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def molecules(
    ethanol: Molecule, extra_hydrogen: Molecule, pair: Molecule, no_atoms: Molecule
) -> list[Molecule]:
    assert ethanol.bonds is not None
    overbonded = replace(ethanol, bonds=np.vstack([ethanol.bonds[:1] * [1, 1, 3], ethanol.bonds[1:]]))
    hostile = replace(ethanol, defect=HOSTILE)
    return [ethanol, overbonded, hostile, pair, no_atoms, extra_hydrogen]


@pytest.fixture
def subject(molecules: list[Molecule], tmp_path: Path) -> Subject:
    path = tmp_path / "<b>a&b.sdf"
    write_molecules(molecules, path)
    (found,) = evaluate_files([path], False, How(), Outputs(), None)
    return found


def test_page_is_whole_inert_and_accessible(subject: Subject) -> None:
    page = render_page(Page([subject], beside=Beside.load("qm9")))
    outline = Outline(page)
    assert outline.open == []
    assert not set(outline.elements) & {"script", "b", "img", "link", "iframe", "object"}
    assert "&lt;b&gt;a&amp;b.sdf" in page and "&lt;script&gt;" in page
    loading = [(k, v) for k, v in outline.attributes if k in ("src", "href", "xlink:href") and v]
    assert all(value.startswith("#") for _, value in loading if value)
    assert not [key for key, _ in outline.attributes if key.startswith("on")]
    ids = Counter(value for key, value in outline.attributes if key == "id")
    assert ids == Counter(set(ids))
    labelled = page.count('<svg role="img" aria-label="')
    assert labelled == outline.elements["svg"] > 6
    assert page.count('scope="row"') == sum(len(r.figures) for r in subject.reports) + page.count(
        '<th scope="row">', page.index("<h2>Profiles</h2>")
    )


def test_page_tells_figures_and_reference(subject: Subject) -> None:
    page = render_page(Page([subject], beside=Beside.load("qm9"), options={"seed": "3"}))
    for report in subject.reports:
        assert report.protocol.citation.replace("'", "&#x27;") in page
        for figure in report.figures.values():
            assert figure.cells()[0] in page
    assert "QM9 test" in page and "seed 3" in page
    assert "C has a total bond order of 6: 1" in page


def test_page_of_failures_alone(no_atoms: Molecule, tmp_path: Path) -> None:
    path = tmp_path / "none.sdf"
    write_molecules([no_atoms], path)
    (subject,) = evaluate_files([path], False, How(), Outputs(), None)
    page = render_page(Page([subject]))
    assert "There are none." in page and "no graph to draw" in page
    assert Outline(page).open == []


def test_worst_and_best(subject: Subject, molecules: list[Molecule]) -> None:
    judged = judged_rows(subject.reports)
    assert [j.row for j in best(judged, 5)] == [0]
    assert {j.row for j in worst(judged, 12)} == {1, 2, 3, 4, 5}
    assert worst(judged, 2)[0].severity == max(j.severity for j in judged)
    assert judged[0].faults == () and any(HOSTILE in fault for fault in judged[2].faults)
    again = subject.molecules([4, 1])
    assert sorted(again) == [1, 4]
    assert np.array_equal(again[1].numbers, molecules[1].numbers)


def test_at_most_three_fail_for_the_same_reason(
    ethanol: Molecule, no_atoms: Molecule, tmp_path: Path
) -> None:
    path = tmp_path / "many.sdf"
    other = replace(ethanol, defect="another reason")
    write_molecules([*[no_atoms] * 9, other], path)
    (subject,) = evaluate_files([path], False, How("edm"), Outputs(), None)
    assert len(worst(judged_rows(subject.reports), 12)) == 4
    assert reason_counts(subject.reports[0]) == {"it has no atoms": 9, "another reason": 1}


def test_reasons_are_told_without_atom_numbers() -> None:
    assert general("C has a total bond order of 5 (atom 3)") == "C has a total bond order of 5"
    assert general("3 of 9 atoms have coordinates that are not finite") == general(
        "1 of 7 atoms have coordinates that are not finite"
    )
    assert general("atom 7 is bonded to itself") == "atom is bonded to itself"


def test_figures_take_the_page_colours(ethanol: Molecule) -> None:
    drawn = bars_svg([(HOSTILE, 3), ("other", 1)], "molecules", "described")
    assert "var(--series-0)" in drawn and "var(--ink)" in drawn
    assert not [colour for colour in VARIABLES if colour in drawn]
    assert "<script" not in drawn and "&lt;script&gt;" in drawn
    structure = structure_svg(ethanol, "ethanol")
    assert structure is not None
    assert "var(--oxygen)" in structure and not re.search("#000000|#FF0000", structure)


def test_what_cannot_be_drawn_is_left_out(no_atoms: Molecule, ethanol: Molecule) -> None:
    assert structure_svg(no_atoms, "") is None
    assert structure_svg(replace(ethanol, bonds=None), "") is None
    assert structure_svg(replace(ethanol, bonds=np.zeros((0, 3), dtype=int)), "") is None
    assert structure_svg(replace(ethanol, bonds=np.array([[0, 99, 1]])), "") is None
    assert structure_svg(replace(ethanol, numbers=np.full(ethanol.num_atoms, 500)), "") is None
