"""The configuration that learns molecules by heart differs from the joint model's only where it says so."""

from pathlib import Path
from typing import Any

import yaml
from rdkit import Chem

CONFIGS = Path(__file__).parents[3] / "configs"


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((CONFIGS / name).read_text())
    return content


def test_its_objective_is_the_joint_one_without_tasks_and_labels() -> None:
    own = read("experiment/overfit.yaml")["model"]["objective"]
    joint = read("training/joint_objective.yaml")
    mixture = joint["init_args"]["tasks"]["init_args"]
    assert mixture.pop("tasks").keys() > {"de_novo"} and mixture.pop("asking")
    assert own == joint


def test_its_schedule_ends_with_its_run_and_it_draws_in_20_evaluations_as_the_joint_model() -> None:
    """Where the steps stand and how many polish are its own: small molecules want other ones."""
    own, joint = read("experiment/overfit.yaml"), read("experiment/joint_small.yaml")
    schedule = own["model"]["optimization"]["init_args"]["scheduler"]["init_args"]
    assert schedule["total_steps"] == own["trainer"]["max_steps"]
    samplers = [run["model"]["generate"]["init_args"]["sampler"]["init_args"] for run in (own, joint)]
    for sampler in samplers:
        assert sampler.pop("steps") + sampler.pop("polish")["init_args"]["steps"] == 20
        assert set(sampler.pop("grid")["init_args"]) == {"least"}
    assert own["model"]["generate"] == joint["model"]["generate"]
    assert own["data"]["fields"] == joint["data"]["fields"]


def test_its_molecules_are_64_in_one_batch() -> None:
    data = read("experiment/overfit.yaml")["data"]
    lines = (CONFIGS.parent / f"{data['root']}.smi").read_text().split()
    different = {Chem.CanonSmiles(line) for line in lines}
    assert len(different) == len(lines) == 80, "a tenth each is left for validation and test"
    assert data["batch_size"] == 64 and "train_size" not in data
    assert max(Chem.MolFromSmiles(line).GetNumAtoms() for line in lines) == 5
