"""A property model as files: it comes back as it was, and what was damaged is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from molgen.chem.conformers import embed
from molgen.chem.molecule import Molecule
from molgen.core.errors import CheckpointError
from molgen.regression.card import CARD_FILE, PropertyCard, build_network
from molgen.regression.model import WEIGHTS_FILE, PropertyModel

CONFIG: dict[str, Any] = {
    "vocab": {"class_path": "molgen.core.Vocab", "init_args": {"elements": ["H", "C", "N", "O", "F"]}},
    "network": {
        "class_path": "molgen.regression.PropertyNetwork",
        "init_args": {
            "width": 8,
            "layers": 1,
            "messages": 4,
            "basis": {
                "class_path": "molgen.regression.BesselBasis",
                "init_args": {"num_basis": 4, "cutoff": 4.0},
            },
            "readouts": {
                "mu": {"class_path": "molgen.regression.DipoleLength", "init_args": {"std": 1.5}},
                "gap": {
                    "class_path": "molgen.regression.AttentionMean",
                    "init_args": {"std": 0.05, "mean": 0.25},
                },
            },
        },
    },
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model with random weights, free to be damaged."""
    card = PropertyCard(
        "tiny", "random weights", CONFIG, {"mu": "debye", "gap": "hartree"}, {}, "none", {}, {}
    )
    with torch.random.fork_rng():
        torch.manual_seed(1)
        PropertyModel(build_network(CONFIG), card).save(tmp_path / "judge")
    return tmp_path / "judge"


def test_it_comes_back_as_it_was(folder: Path) -> None:
    first, second = PropertyModel.load(folder), PropertyModel.load(folder)
    water = embed("O")
    assert first.card.files.keys() == {WEIGHTS_FILE}
    found = first.judge([water])
    assert found["gap"] == second.judge([water])["gap"]
    assert np.isfinite(found["mu"]).all() and found["mu"][0] > 0


def test_molecules_keep_their_places_and_unsound_ones_have_no_value(folder: Path) -> None:
    model = PropertyModel.load(folder)
    methane, propane, sulphide = embed("C"), embed("CCC"), embed("CS")
    lost = replace(methane, pos=np.full((5, 3), np.nan))
    rows = [propane, sulphide, methane, lost, Molecule(np.zeros(0), np.zeros((0, 3))), propane]
    gap = model.judge(rows)["gap"]
    assert np.isnan(gap).tolist() == [False, True, False, True, True, False]
    alone = [model.judge([row])["gap"][0] for row in (propane, methane, propane)]
    assert gap[[0, 2, 5]] == pytest.approx(alone, abs=1e-6)
    assert abs(gap[0] - gap[2]) > 1e-6
    assert model.judge([])["gap"].shape == (0,)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="molgen judge export"):
        PropertyModel.load(tmp_path)


def test_other_weights_are_refused(folder: Path) -> None:
    path = folder / WEIGHTS_FILE
    path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\1")
    with pytest.raises(CheckpointError, match="SHA-256 differs"):
        PropertyModel.load(folder)
    path.write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="cannot read the weights"):
        PropertyModel.load(folder)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("format_version", 99, "not the card of a property network"),
        ("model", {"vocab": CONFIG["vocab"]}, "needs"),
        ("model", {**CONFIG, "network": {"class_path": "os.system"}}, "classes outside molgen"),
        ("model", {**CONFIG, "network": {"class_path": "molgen.core.Vocab"}}, "does not fit this molgen"),
    ],
)
def test_other_cards_are_refused(folder: Path, key: str, value: object, message: str) -> None:
    content = json.loads((folder / CARD_FILE).read_text())
    (folder / CARD_FILE).write_text(json.dumps({**content, key: value}))
    with pytest.raises(CheckpointError, match=message):
        PropertyModel.load(folder)


def test_weights_of_another_width_are_refused(folder: Path) -> None:
    content = json.loads((folder / CARD_FILE).read_text())
    content["model"]["network"]["init_args"]["width"] = 16
    (folder / CARD_FILE).write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match="do not fit"):
        PropertyModel.load(folder)
