"""The page in a browser: it opens without a word on the console."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from molgen.chem import Molecule, write_molecules
from molgen.cli.main import main
from molgen.data.store import POSITION_SCALE, read_store

pytest.importorskip("matplotlib")

STORE = Path(__file__).parents[1] / "fixtures" / "qm9_200"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
]

in_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt install chromium)")


def opened(page: Path, profile: Path) -> tuple[str, list[str]]:
    """Return the document as the browser sees it, and what it wrote to the console."""
    assert CHROMIUM is not None
    done = subprocess.run(
        [CHROMIUM, *QUIET, f"--user-data-dir={profile}", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
        env={**os.environ, "HOME": str(profile)},
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.fixture
def molecules() -> list[Molecule]:
    """Forty molecules of QM9 and one whose record is hostile."""
    store = read_store(STORE)
    found = []
    for item in range(40):
        atoms, bonds = (slice(*o[item : item + 2]) for o in (store.atom_offsets, store.bond_offsets))
        pos = store.positions[atoms] * POSITION_SCALE
        found.append(Molecule(store.numbers[atoms], pos, store.bonds[bonds], store.charges[atoms]))
    bad = Molecule(found[0].numbers, found[0].pos, defect="<script>console.log('run')</script>")
    return [*found, bad]


@in_browser
def test_page_opens_without_a_word_on_the_console(molecules: list[Molecule], tmp_path: Path) -> None:
    files = [tmp_path / "a.sdf", tmp_path / "b.sdf"]
    write_molecules(molecules[:20], files[0])
    write_molecules(molecules[20:], files[1])
    page = tmp_path / "page.html"
    assert main(["evaluate", "--compare", *map(str, files), "--html", str(page)]) == 0
    document, console = opened(page, tmp_path / "profile")
    assert console == []
    assert "<h1>Evaluation of a.sdf, b.sdf</h1>" in document
    assert document.count("<svg") == page.read_text(encoding="utf-8").count("<svg") > 10


@in_browser
def test_the_console_is_heard(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<!DOCTYPE html><title>x</title><script>console.error('heard')</script>")
    _, console = opened(page, tmp_path / "profile")
    assert len(console) == 1 and "heard" in console[0]


def test_a_thousand_molecules_stay_below_two_megabytes(molecules: list[Molecule], tmp_path: Path) -> None:
    path, page = tmp_path / "many.sdf", tmp_path / "page.html"
    write_molecules(molecules * 25, path)
    assert main(["evaluate", str(path), "--html", str(page)]) == 0
    assert page.stat().st_size < 2_000_000
