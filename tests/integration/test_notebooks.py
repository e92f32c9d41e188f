"""The notebooks run from top to bottom and show what they promise."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from molgen.chem import read_molecules
from molgen.data import read_store

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CELL_SECONDS = 300
"""Far more than any cell takes: 01 and 02 need less than a minute of one core each."""


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The notebooks and the configurations, in a folder of their own."""
    for name in ("notebooks", "configs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    return tmp_path


def execute(path: Path) -> nbformat.NotebookNode:
    """Run a notebook where it lies, in this very Python; an error in a cell is raised.

    A kernel may send one line in two messages; they are joined, lest a test's outcome hang on when.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    return client.execute()


def shown(notebook: nbformat.NotebookNode, kind: str) -> Iterator[str]:
    """Everything of a MIME type that the cells show, and their text on stdout as ``text/plain``."""
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        if kind in output.get("data", {}):
            yield output.data[kind]
        elif kind == "text/plain" and output.get("name") == "stdout":
            yield output.text


def losses(run: Path, column: str) -> list[float]:
    """One column of a run's CSV log, gaps left out."""
    (log,) = run.glob("csv/version_0/metrics.csv")
    with log.open() as stream:
        return [float(row[column]) for row in csv.DictReader(stream) if row[column]]


def test_they_are_found() -> None:
    names = ["01_generate.ipynb", "02_train_on_your_molecules.ipynb", "03_control.ipynb"]
    assert [path.name for path in NOTEBOOKS] == names


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_they_are_kept_without_outputs(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert len(code) >= 5 and len(cells) > len(code)
    assert [cell.id for cell in code if cell.outputs or cell.execution_count is not None] == []


def test_generate(copy: Path) -> None:
    notebook = execute(copy / "notebooks" / "01_generate.ipynb")
    molecules = read_molecules(copy / "out" / "notebook_01.sdf")
    valid = sum(molecule.failure is None for molecule in molecules)
    text = "\n".join(shown(notebook, "text/plain"))
    assert len(molecules) == 16 and 0 < valid <= 16
    assert re.search(r"\b[1-9]\d? of 16 failed", text), "a hasty walk has failures to show"
    assert f"16 records; {valid} valid" in text
    assert f"{valid}/16" in text, "the table counts the same molecules as valid"
    assert len(list(shown(notebook, "image/png"))) == 2


def test_train_on_your_molecules(copy: Path) -> None:
    notebook = execute(copy / "notebooks" / "02_train_on_your_molecules.ipynb")
    store = read_store(copy / "out" / "notebook_02" / "store")
    run = copy / "out" / "notebook_02" / "run"
    training, validation = losses(run, "train/loss"), losses(run, "val/loss")
    assert len(store.train) >= 8 * len(store.test) > 0
    assert sum(training[-5:]) < 0.7 * sum(training[:5])
    assert validation[-1] < validation[0]
    assert len(read_molecules(copy / "out" / "notebook_02" / "samples.sdf")) == 16
    assert len(list(shown(notebook, "image/png"))) == 3
    assert "left out 1" in "\n".join(shown(notebook, "text/plain"))


def test_control(copy: Path) -> None:
    """Each kind of request is met at least once, and a larger strength goes further from the parent."""
    notebook = execute(copy / "notebooks" / "03_control.ipynb")
    text = "\n".join(shown(notebook, "text/plain"))
    assert len(re.findall(r"\b[1-9]\d? of (?:8|12) are what was asked", text)) == 3
    similarities = [float(s) for s in re.findall(r"similarity (\d\.\d\d)", text)]
    assert len(similarities) == 3 and similarities == sorted(similarities, reverse=True)
    assert similarities[0] > similarities[-1] + 0.2
    assert len(list(shown(notebook, "image/png"))) == 2
