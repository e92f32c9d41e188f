"""The benchmark: each denoiser by its own recipe, honest counts, costs that grow with size."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from jsonargparse import Namespace

from molgen.cli import benchmark, ceiling, speed
from molgen.cli.benchmark import Speed, measure
from molgen.cli.main import main
from molgen.cli.size_costs import Plan, SizeJob, Work, measure_size
from molgen.cli.speed import RECIPES, Bench, Entry, count_flop, seconds_per_call
from molgen.core.errors import InputError
from molgen.denoisers import JointDenoiser

CONFIGS = Path(__file__).parents[3] / "configs"
CPU = torch.device("cpu")


def written(folder: Path, name: str, wrapper: str, network: str, **sizes: int) -> Path:
    """Write the configuration of a small denoiser."""
    inner = {"class_path": f"molgen.denoisers.{network}", "init_args": sizes}
    config = {"class_path": f"molgen.denoisers.{wrapper}", "init_args": {"network": inner}}
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.fixture
def edm(tmp_path: Path) -> Path:
    """A small denoiser of EDM's kind."""
    return written(tmp_path, "small_edm", "EpsilonDenoiser", "EGNN", width=8, layers=1)


@pytest.fixture
def joint(tmp_path: Path) -> Path:
    """A small denoiser of the joint kind."""
    sizes = {"width": 16, "layers": 1, "pair_width": 8, "vectors": 4, "heads": 2}
    return written(tmp_path, "small_joint", "JointDenoiser", "Transformer", **sizes)


def test_each_denoiser_runs_by_its_own_recipe(
    edm: Path, joint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--batch-size", "2", "--num-atoms", "4", "--repeats", "1", "--device", "cpu"]
    assert main(["benchmark", "--denoiser", f"[{edm}, {joint}]", "--configs", str(CONFIGS), *words]) == 0
    rows = {line.split()[1]: line.split() for line in capsys.readouterr().out.splitlines() if "small" in line}
    assert "1001" in rows["small_edm"]
    assert "20" in rows["small_joint"]
    assert all(sum(word.endswith("%") for word in row) == 3 for row in rows.values())


def test_noise_and_objective_follow_the_recipe(edm: Path, joint: Path) -> None:
    one = Bench.build(Entry.parse(str(edm), CONFIGS), 2, 4, CPU)
    other = Bench.build(Entry.parse(str(joint), CONFIGS), 2, 4, CPU)
    assert one.objective.noise.fields == ("pos", "atom", "number")
    assert (one.objective.noise.coupling, one.look_twice) == (None, 0.0)
    assert other.objective.noise.fields == ("pos", "atom", "charge", "bond")
    assert other.objective.noise.coupling is not None
    assert other.look_twice == 0.5


def test_training_flop_count_the_first_look(joint: Path) -> None:
    bench = Bench.build(Entry.parse(str(joint), CONFIGS), 2, 4, CPU)
    once, twice = (count_flop(bench.training(look_twice)) for look_twice in (False, True))
    batch = bench.objective.prepare(bench.molecules, bench.generator)
    assert twice - once == count_flop(lambda: bench.denoiser(batch.x_t, batch.levels)) > 0


def test_mixed_precision_is_of_training_alone_and_leaves_its_weights_single(joint: Path) -> None:
    seen = []
    bench = replace(Bench.build(Entry.parse(str(joint), CONFIGS), 2, 4, CPU), precision="bf16-mixed")
    bench.denoiser.network.read_atoms[1].register_forward_hook(lambda *args: seen.append(args[2].dtype))
    bench.forward()()
    bench.training(look_twice=False)()
    assert seen == [torch.float32, torch.bfloat16]
    assert {p.dtype for p in bench.denoiser.parameters()} == {torch.float32}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_ceiling_counts_what_it_multiplies(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceiling, "SIDE_ON_CPU", 64)
    call, count = ceiling.matrix_product(CPU, dtype)
    assert count == count_flop(call) == 2 * 64**3
    assert call().dtype == dtype


def test_what_is_timed_is_compiled_and_in_the_precision_that_is_asked_for(
    joint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, compiled = [], []

    def watched(device: torch.device, dtype: torch.dtype) -> nullcontext[None]:
        seen.append((len(compiled), dtype))
        return nullcontext()

    monkeypatch.setattr(speed, "autocast", watched)
    monkeypatch.setattr(
        torch.nn.Module, "compile", lambda module, **how: compiled.append((type(module), how))
    )
    monkeypatch.setattr(benchmark, "matrix_product", lambda device, dtype: (lambda: None, dtype.itemsize))
    monkeypatch.setattr(benchmark, "seconds_per_call", lambda calls, repeats, device: [2.0] * len(calls))
    options = {"batch_size": 2, "num_atoms": 4, "repeats": 1, "steps": None, "compile": True}
    entry = Entry.parse(str(joint), CONFIGS)
    speeds = measure([entry, entry], Namespace(**options, precision="bf16-mixed"), CPU)
    assert compiled == [(JointDenoiser, {"dynamic": True})] * 2
    # Two training steps of each are counted before, and called for the compiler after.
    assert seen == [(0, torch.bfloat16)] * 4 + [(2, torch.bfloat16)] * 4
    assert [one.ceilings for one in speeds] == [(4 / 2, 2 / 2)] * 2


def test_costs_by_size_are_in_the_precision_that_is_asked_for(
    joint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = set()
    monkeypatch.setattr(speed, "autocast", lambda device, dtype: seen.add(dtype) or nullcontext())
    measure_size(
        SizeJob(Entry.parse(str(joint), CONFIGS), 2, 3, "cpu", Plan(2, 1, "bf16-mixed")), Work.TRAINING
    )
    assert seen == {torch.bfloat16}


def test_an_unknown_precision_is_refused(joint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["benchmark", "--denoiser", f"[{joint}]", "--configs", str(CONFIGS), "--precision", "16"]
    assert main(words) == 2
    assert "--precision 16: give 32-true or bf16-mixed" in capsys.readouterr().err


def test_shares_are_of_the_ceiling_of_the_same_precision() -> None:
    one = Speed("a", 1, 10.0, 30.0, 4.0, 2.0, 0.0, 20, 1.0, ceilings=(80.0, 240.0))
    assert one.shares == (0.5, 0.25)


def test_compiling_every_size_is_refused(joint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["benchmark", "--denoiser", f"[{joint}]", "--configs", str(CONFIGS), "--sizes=3", "--compile"]
    assert main(words) == 2
    assert "leave one out" in capsys.readouterr().err


def test_a_class_without_recipe_needs_one(tmp_path: Path) -> None:
    path = written(tmp_path, "own", "OwnDenoiser", "EGNN")
    with pytest.raises(InputError, match="OwnDenoiser has no recipe; write FILE@RECIPE"):
        Entry.parse(str(path), CONFIGS)
    assert Entry.parse(f"{path}@joint", CONFIGS).recipe == RECIPES["JointDenoiser"]
    with pytest.raises(InputError, match="no recipe 'fast'"):
        Entry.parse(f"{path}@fast", CONFIGS)


def test_calls_take_turns() -> None:
    order: list[str] = []
    seconds = seconds_per_call([lambda: order.append("a"), lambda: order.append("b")], 3, CPU)
    assert order == ["a", "b"] * 3
    assert all(time >= 0 for time in seconds)


def test_larger_molecules_cost_more(joint: Path) -> None:
    entry = Entry.parse(str(joint), CONFIGS)
    small, large = (
        measure_size(SizeJob(entry, 4, atoms, "cpu", Plan(2, 1)), Work.TRAINING) for atoms in (4, 96)
    )
    assert large.seconds > small.seconds
    # Pairs of width 8 alone, four bytes a number, are as large.
    assert large.megabytes > 4 * 8 * 96**2 / 1e6 > small.megabytes


def test_sizes_make_a_table(joint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--sizes", "3,6", "--batch-size", "1", "--num-atoms", "6", "--repeats", "1", "--device", "cpu"]
    assert main(["benchmark", "--denoiser", f"[{joint}]", "--configs", str(CONFIGS), *words]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if "small_joint" in line]
    assert [(row[3], row[5]) for row in rows] == [("3", "4"), ("6", "1")]


@pytest.mark.parametrize("sizes", ["ten", "10,,20", "0"])
def test_sizes_must_be_numbers(joint: Path, sizes: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["benchmark", "--denoiser", f"[{joint}]", "--configs", str(CONFIGS), f"--sizes={sizes}"]
    assert main(words) == 2
    assert "give whole numbers >= 1" in capsys.readouterr().err


def test_counts_are_per_molecule(joint: Path) -> None:
    entry = Entry.parse(str(joint), CONFIGS)
    common = {"num_atoms": 5, "repeats": 1, "steps": None, "precision": "32-true", "compile": False}
    options = [Namespace(batch_size=count, **common) for count in (2, 4)]
    few, many = (measure([entry], each, CPU)[0] for each in options)
    assert few.forward_flop == many.forward_flop > 0
    assert few.training_flop == many.training_flop > 3 * few.forward_flop
