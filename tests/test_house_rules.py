"""The house rules of the package, checked on its source."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "molgen"
SOURCES = sorted(PACKAGE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}
TEXT_SUFFIXES = {".py", ".md", ".yaml", ".yml", ".toml", ".txt", ".json", ".ipynb", ".cfg", ""}

MAX_FILE_LINES, MAX_FUNCTION_LINES, MAX_PARAMETERS = 300, 50, 6
FORBIDDEN_NAMES = {"utils", "helpers", "misc"}
MAY_PRINT = {PACKAGE / "cli" / "main.py"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.Module) -> Iterator[Function]:
    """Every function and method, nested ones included."""
    yield from (node for node in ast.walk(tree) if isinstance(node, Function))


def parameters(function: Function) -> list[str]:
    """Names of all parameters but ``self`` and ``cls``."""
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    starred = [arg for arg in (given.vararg, given.kwarg) if arg]
    return [arg.arg for arg in [*named, *starred] if arg.arg not in ("self", "cls")]


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Whether it catches everything: bare, ``Exception`` or ``BaseException``."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException"))
        for kind in caught
    )


def swallows(tree: ast.Module) -> list[int]:
    """Lines of broad handlers that raise nothing, and of every bare ``except``."""
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and is_broad(node)]
    return [
        handler.lineno
        for handler in handlers
        if handler.type is None or not isinstance(handler.body[-1], ast.Raise)
    ]


def imported(tree: ast.Module) -> set[str]:
    """Top-level names of all imported packages."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def prints(tree: ast.Module) -> list[int]:
    """Lines that call ``print``."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]


def unsafe_loads(tree: ast.Module) -> list[int]:
    """Lines that pass ``weights_only`` or ``allow_pickle`` anything but the safe constant."""
    safe = {"weights_only": True, "allow_pickle": False}
    return [
        node.value.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword)
        and node.arg in safe
        and not (isinstance(node.value, ast.Constant) and node.value.value is safe[node.arg])
    ]


def text_files() -> list[Path]:
    """Text files of the project: those that git tracks or would."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [path for path in paths if path.suffix in TEXT_SUFFIXES and path.is_file()]


def test_the_package_is_seen() -> None:
    assert {path.relative_to(PACKAGE).parts[0] for path in SOURCES} >= {"core", "chem", "cli", "training"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_one_source_file(path: Path) -> None:
    text, tree = path.read_text(encoding="utf-8"), TREES[path]
    assert len(text.splitlines()) <= MAX_FILE_LINES
    assert not text.strip() or ast.get_docstring(tree), "a module says why it exists"
    long = [f.name for f in functions(tree) if (f.end_lineno or 0) - f.lineno + 1 > MAX_FUNCTION_LINES]
    assert long == []
    wide = [f.name for f in functions(tree) if len(parameters(f)) > MAX_PARAMETERS]
    assert wide == []
    assert swallows(tree) == []
    assert not imported(tree) & {"pickle", "dill", "cloudpickle", "shelve", "marshal"}
    assert unsafe_loads(tree) == []
    assert path in MAY_PRINT or prints(tree) == []
    assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text)
    assert path.stem not in FORBIDDEN_NAMES and not FORBIDDEN_NAMES & set(path.relative_to(ROOT).parts)


def test_no_path_of_a_machine() -> None:
    machine = re.compile(r"(?<![\w./~-])/(?:work|root|home|Users|tmp)/\w")
    files = text_files()
    assert ROOT / "pyproject.toml" in files
    found = {
        str(path.relative_to(ROOT)): match[0]
        for path in files
        if path != Path(__file__) and (match := machine.search(path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_the_import_layers_hold() -> None:
    result = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", result.stdout)


def test_training_and_sampling_need_no_chemistry_and_no_tracking() -> None:
    """On a machine with torch, Lightning, PyTorch Geometric and e3nn alone."""
    modules = ["core", "nn", "noise", "denoisers", "sampling", "training", "data.datamodule"]
    code = (
        "import sys\n"
        "for absent in ('rdkit', 'wandb', 'jsonargparse'): sys.modules[absent] = None\n"
        "import importlib\n"
        f"for name in {modules}: importlib.import_module(f'molgen.{{name}}')\n"
        "print('imported')\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "imported\n"


def test_drawing_molecules_imports_nothing_that_only_training_needs(tmp_path: Path) -> None:
    """They take longer to import than all that drawing needs."""
    code = (
        "import sys\n"
        "absent = ('pytorch_lightning', 'torch_geometric', 'e3nn', 'wandb', 'matplotlib')\n"
        "for name in absent: sys.modules[name] = None\n"
        "from molgen.cli.main import main\n"
        "words = ['sample', '-n', '2', '--steps', '2', '--property', 'mu=2', '--attempts', '2']\n"
        f"sys.exit(main([*words, '-o', {str(tmp_path / 'm.sdf')!r}]))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "2 molecules" in result.stdout


@pytest.mark.parametrize(
    ("source", "check"),
    [
        ("try:\n  f()\nexcept:\n  raise\n", swallows),
        ("try:\n  f()\nexcept Exception:\n  pass\n", swallows),
        ("try:\n  f()\nexcept (ValueError, Exception):\n  pass\n", swallows),
        ("print(1)\n", prints),
        ("torch.load(p, weights_only=False)\n", unsafe_loads),
        ("np.load(p, allow_pickle=flag)\n", unsafe_loads),
    ],
)
def test_the_checks_catch_offenders(source: str, check: object) -> None:
    assert callable(check)
    assert check(ast.parse(source)) != []


def test_parameters_are_counted_without_self() -> None:
    function = next(functions(ast.parse("def f(self, a, /, b, *c, d=1, **e): ...")))
    assert sorted(parameters(function)) == ["a", "b", "c", "d", "e"]
