"""The built wheel holds everything that sampling needs: code, weights, protocol and reference."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = ["pyproject.toml", "README.md", "LICENSE"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the wheel's contents, built from a copy of the sources."""
    root = tmp_path_factory.mktemp("wheel")
    source, target = root / "source", root / "site"
    source.mkdir()
    for name in SOURCES:
        shutil.copy(name, source)
    shutil.copytree("molgen", source / "molgen", ignore=shutil.ignore_patterns("__pycache__"))
    build = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(root), str(source)]
    subprocess.run([sys.executable, *build], check=True, capture_output=True, timeout=300)
    (wheel,) = root.glob("molgen3d-*.whl")
    install = ["-m", "pip", "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)]
    subprocess.run([sys.executable, *install], check=True, capture_output=True, timeout=300)
    return target


def run(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the wheel's contents first on the path, away from the sources."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )


def test_sampling_and_evaluating_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    where = run(installed, tmp_path, "-c", "import molgen; print(molgen.__file__)").stdout.strip()
    assert Path(where).is_relative_to(installed)
    run(installed, tmp_path, "-m", "molgen", "sample", "-n", "2", "-o", "out.sdf", "--steps", "2")
    assert (tmp_path / "out.sdf").read_text().count("$$$$") == 2
    table = run(installed, tmp_path, "-m", "molgen", "evaluate", "out.sdf", "--reference", "qm9").stdout
    assert "novelty" in table.lower()
