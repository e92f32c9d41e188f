"""Each denoiser learns eight molecules by heart and draws them again.

The epsilon loss of a memorised set is not zero: near the data the orientation of a molecule stays
unknown to the last (three degrees of freedom, each worth 1 in the sum of squared errors), and at high
noise so does which molecule it is. So a large fall is asserted, and that fresh samples are the eight.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from molgen.checkpoint.build import build_model
from molgen.chem.decode import decode
from molgen.chem.identity import edm_smiles
from molgen.core import Denoiser, MolBatch, Vocab, concatenate
from molgen.data import MolDataset, SizePrior, read_store
from molgen.noise import JointNoise
from molgen.sampling import AncestralSampler, Generator
from molgen.training import DenoisingObjective

FIXTURE = Path("tests/fixtures/qm9_200")
COPIES, DRAWN = 16, 64


@dataclass(frozen=True)
class Case:
    """A network small enough to learn in about a minute, its learning rate and number of steps."""

    class_path: str
    init_args: dict[str, Any]
    rate: float
    steps: int


CASES = {
    "egnn": Case("molgen.denoisers.EGNN", {"width": 64, "layers": 4}, 2e-3, 1500),
    "tensor_field": Case(
        "molgen.denoisers.tensor_field.TensorField",
        {"irreps": "32x0e+8x1o+4x2e", "num_layers": 3},
        5e-3,
        1000,
    ),
}


def eight_molecules() -> tuple[MolBatch, Vocab, SizePrior]:
    """The eight smallest molecules of the fixture: water, hydrogen cyanide, ... ethane."""
    store = read_store(FIXTURE)
    index = np.argsort(store.num_atoms, kind="stable")[:8]
    vocab = Vocab(["H", "C", "N", "O", "F"])
    dataset = MolDataset(store, index, vocab, ["atom", "number"])
    return dataset.batch(np.arange(8)), vocab, SizePrior.from_sizes(dataset.num_atoms)


def build(case: Case, noise_config: dict[str, Any]) -> tuple[JointNoise, Denoiser]:
    network = {"class_path": case.class_path, "init_args": case.init_args}
    denoiser = {"class_path": "molgen.denoisers.EpsilonDenoiser", "init_args": {"network": network}}
    vocab = {"class_path": "molgen.core.Vocab", "init_args": {"elements": ["H", "C", "N", "O", "F"]}}
    torch.manual_seed(0)
    _, noise, built = build_model({"vocab": vocab, "noise": noise_config, "denoiser": denoiser})
    return noise, built


def learn(denoiser: Denoiser, noise: JointNoise, molecules: MolBatch, case: Case) -> list[float]:
    """Train on copies of the molecules; return the loss of every step."""
    batch = concatenate([molecules] * COPIES)
    objective, generator = DenoisingObjective(noise), torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(denoiser.parameters(), lr=case.rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, case.rate, case.steps, pct_start=0.1)
    losses = []
    for _ in range(case.steps):
        loss = objective(denoiser, batch, generator)["loss"]
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(denoiser.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("name", CASES)
def test_eight_molecules_are_learnt_and_drawn_again(name: str, noise_config: dict[str, Any]) -> None:
    case = CASES[name]
    molecules, vocab, sizes = eight_molecules()
    noise, denoiser = build(case, noise_config)
    losses = learn(denoiser, noise, molecules, case)
    start, end = np.mean(losses[:5]), np.mean(losses[-50:])
    generator = torch.Generator().manual_seed(1)
    source = Generator(denoiser, noise, AncestralSampler(steps=250), batch_size=DRAWN)
    drawn = source(sizes.sample(DRAWN, generator), generator)
    names = edm_smiles([m for batch in drawn for m in decode(batch, vocab)])
    known = set(edm_smiles(decode(molecules, vocab)))
    share = np.mean([name in known for name in names])
    assert end < 0.15 * start, f"loss fell from {start:.2f} to {end:.2f}"
    assert share >= 0.9, f"{share:.0%} of the samples are among the eight: {names}"
    assert {n for n in names if n in known} == known
