"""What the README shows is what works."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path("README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_first_block_is_the_two_commands_and_make_knows_how_to_run_them() -> None:
    commands = [line.split("#")[0].strip() for line in blocks("bash")[0].splitlines()]
    assert commands == ["make sample", "make test"]
    for command in commands:
        plan = subprocess.run(
            [*command.split(), "--dry-run"], capture_output=True, text=True, check=True
        ).stdout
        assert "molgen" in plan or "pytest" in plan
    # CI itself runs both: the first in .ci/run, and this test is part of the second.
    assert "make sample" in Path(".ci/run").read_text()


def test_the_python_block_runs() -> None:
    (code,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.startswith("[")
    assert done.stdout.count("'") >= 20, "ten SMILES or reasons"


def test_every_command_the_readme_shows_exists() -> None:
    shown = {m for block in blocks("bash") for m in re.findall(r"^molgen (\w+)", block, flags=re.MULTILINE)}
    overview = subprocess.run(
        [sys.executable, "-m", "molgen", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert {"sample", "evaluate", "fit", "prepare"} <= shown
    assert shown <= set(overview.split())
