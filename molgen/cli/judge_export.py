"""``molgen judge export``: weights and card of a judge, with its errors measured on the test split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import yaml
from jsonargparse import ArgumentParser
from rich.console import Console

from molgen.checkpoint.load import CONFIG_KEY, read_training_checkpoint
from molgen.cli.progress import progress_bar
from molgen.core.errors import InputError
from molgen.data.datamodule import MolDataModule
from molgen.data.properties import PROPERTIES
from molgen.data.store import read_manifest
from molgen.regression.card import PARTS, PropertyCard, build_network
from molgen.regression.model import PropertyModel, load_weights
from molgen.regression.network import PropertyNetwork

_KEYS = ("name", "description", "training")
_PREFIX = "network."


def run_export(words: list[str]) -> None:
    """Export a judge.

    Args:
        words: Options.

    Raises:
        InputError: The card's texts are incomplete, or the folder cannot be written.
        CheckpointError: The source cannot be read, or is not that of a judge.
        DataError: The data set that the errors are measured on is not there.
    """
    parser = ArgumentParser(prog="molgen judge export", exit_on_error=False)
    add = parser.add_argument
    add("source", type=Path, help="a .ckpt of molgen judge fit")
    add("-o", "--output", type=Path, required=True, help="folder to write")
    add("--card", type=Path, required=True, help=f"YAML with what only you know: {', '.join(_KEYS)}")
    add("--root", type=str | None, default=None, help="data set of the errors; that of the run by default")
    options = parser.parse_args(words)
    card = export_judge(options.source, options.output, read_texts(options.card), options.root)
    shown = ", ".join(f"{name} {error:.4g} {card.units[name]}" for name, error in card.errors.items())
    Console().print(
        f"{options.output}: errors on {card.error_molecules}: {shown}", highlight=False, soft_wrap=True
    )


def read_texts(path: Path) -> dict[str, Any]:
    """Read what a training checkpoint cannot know about itself.

    Raises:
        InputError: It is not YAML with exactly the keys of a card's texts.
    """
    try:
        texts = yaml.safe_load(path.read_text())
    except OSError as error:
        raise InputError(
            f"cannot read the card {path}: {error.strerror}; it is YAML with the keys {list(_KEYS)}"
        ) from error
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not YAML: {error}") from error
    if not isinstance(texts, dict) or set(texts) != set(_KEYS):
        raise InputError(f"{path} must have exactly the keys {list(_KEYS)}")
    if not isinstance(texts["training"], dict):
        raise InputError(f"{path}: 'training' must be a mapping of facts, such as minutes: 45")
    return texts


def export_judge(source: Path, folder: Path, texts: dict[str, Any], root: str | None = None) -> PropertyCard:
    """Write weights and card; the (averaged) weights are those that the run validated with.

    Args:
        source: A ``.ckpt`` of ``molgen judge fit``.
        folder: Where to write.
        texts: ``name``, ``description`` and ``training`` facts.
        root: Data set whose test split the errors are measured on; that of the run by default.

    Returns:
        The card as written.

    Raises:
        InputError: The folder cannot be written.
        CheckpointError: The source cannot be read, or is not that of a judge.
        DataError: The data set is not there.
    """
    content = read_training_checkpoint(source)
    config = yaml.safe_load(content[CONFIG_KEY])
    model = {part: config["model"][part] for part in PARTS if part in config["model"]}
    network = build_network(model).eval()
    state = content["state_dict"]
    load_weights(network, {k.removeprefix(_PREFIX): v for k, v in state.items() if k.startswith(_PREFIX)})
    errors, molecules = held_out_errors(network, config["data"]["root"] if root is None else root)
    card = PropertyCard(
        name=texts["name"],
        description=texts["description"],
        model=model,
        units={name: PROPERTIES[name].unit for name in network.names},
        errors=errors,
        error_molecules=molecules,
        training={"steps": content["global_step"], **_facts(config), **texts["training"]},
        files={},
    )
    return PropertyModel(network, card).save(folder)


def held_out_errors(network: PropertyNetwork, root: str) -> tuple[dict[str, float], str]:
    """Mean absolute error of every property on the test split, and what that is, in words.

    Raises:
        DataError: The data set is not there, or lacks a property.
    """
    data = MolDataModule(network.vocab, root, ["atom", *network.names])
    batches = data.test_dataloader()
    found: dict[str, list[torch.Tensor]] = {name: [] for name in network.names}
    with torch.no_grad(), progress_bar() as bar:
        task = bar.add_task("test split", total=len(data.dataset("test")))
        for batch in batches:
            for name, error in network.errors(batch).items():
                found[name].append(error.double())
            bar.advance(task, len(batch))
    errors = {name: torch.cat(each).mean().item() for name, each in found.items()}
    source = read_manifest(Path(root)).get("name", "the data set")
    return errors, f"the {len(data.dataset('test'))} molecules of the test split of {source}"


def _facts(config: dict[str, Any]) -> dict[str, Any]:
    """What a configuration says of the training, without the places of its files."""
    data = {name: value for name, value in config["data"].items() if name not in ("root", "vocab")}
    return {"seed": config["seed_everything"], "optimization": config["model"]["optimization"], "data": data}
