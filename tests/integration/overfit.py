"""Teach a denoiser eight molecules by heart and ask for them again.

The epsilon loss of a memorised set is not zero: near the data the orientation of a molecule stays unknown
to the last (three degrees of freedom, each worth 1 in the sum of squared errors, so 3 over the mean number
of atoms per atom), and at high noise so does which molecule it is.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from molgen.checkpoint.build import build_model
from molgen.chem.decode import decode
from molgen.chem.identity import edm_smiles
from molgen.core import Denoiser, MolBatch, Vocab, concatenate
from molgen.data import SizePrior, read_store
from molgen.data.dataset import MolDataset
from molgen.noise import JointNoise
from molgen.sampling import AncestralSampler, Generator
from molgen.training import DenoisingObjective

ROOT = Path(__file__).parents[2]
ELEMENTS = ["H", "C", "N", "O", "F"]
COPIES, DRAWN, DECAY = 4, 64, 0.998


@dataclass(frozen=True)
class Case:
    """A network, its highest learning rate and number of steps.

    Attributes:
        class_path: Network class.
        init_args: Its arguments.
        rate: Peak of the one-cycle learning rate.
        steps: Number of training steps.
    """

    class_path: str
    init_args: dict[str, Any]
    rate: float
    steps: int


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        first: Mean loss of the first steps.
        last: Mean loss of the last steps.
        names: SMILES of the drawn molecules, ``None`` where invalid.
        known: SMILES of the eight.
    """

    first: float
    last: float
    names: list[str | None]
    known: set[str | None]

    @property
    def share(self) -> float:
        """Share of drawn molecules that are among the eight."""
        return float(np.mean([name in self.known for name in self.names]))


def overfit(case: Case) -> Outcome:
    """Train on the eight smallest molecules of the fixture (water ... ethane) and draw 64."""
    store = read_store(ROOT / "tests" / "fixtures" / "qm9_200")
    vocab = Vocab(ELEMENTS)
    index = np.argsort(store.num_atoms, kind="stable")[:8]
    dataset = MolDataset(store, index, vocab, ["atom", "number"])
    molecules = dataset.batch(np.arange(8))
    noise, denoiser = _build(case)
    averaged, losses = _learn(denoiser, noise, molecules, case)
    generator = torch.Generator().manual_seed(1)
    source = Generator(averaged, noise, AncestralSampler(steps=250), batch_size=DRAWN)
    drawn = source(SizePrior.from_sizes(dataset.num_atoms).sample(DRAWN, generator), generator)
    names = edm_smiles([m for batch in drawn for m in decode(batch, vocab)])
    known = set(edm_smiles(decode(molecules, vocab)))
    return Outcome(float(np.mean(losses[:5])), float(np.mean(losses[-200:])), names, known)


def _build(case: Case) -> tuple[JointNoise, Denoiser]:
    network = {"class_path": case.class_path, "init_args": case.init_args}
    parts = {
        "vocab": {"class_path": "molgen.core.Vocab", "init_args": {"elements": ELEMENTS}},
        "noise": yaml.safe_load((ROOT / "configs" / "noise" / "edm.yaml").read_text()),
        "denoiser": {"class_path": "molgen.denoisers.EpsilonDenoiser", "init_args": {"network": network}},
    }
    with torch.random.fork_rng():
        torch.manual_seed(0)
        _, noise, denoiser = build_model(parts)
    return noise, denoiser


def _learn(
    denoiser: Denoiser, noise: JointNoise, molecules: MolBatch, case: Case
) -> tuple[Denoiser, list[float]]:
    """Train on copies of the molecules; return the averaged denoiser and the loss of every step."""
    batch = concatenate([molecules] * COPIES)
    objective, generator = DenoisingObjective(noise), torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(denoiser.parameters(), lr=case.rate, weight_decay=0.0, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, case.rate, case.steps, pct_start=0.1, cycle_momentum=False
    )
    averaged = copy.deepcopy(denoiser)
    pairs = list(averaged.parameters()), list(denoiser.parameters())
    losses = []
    for step in range(case.steps):
        loss = objective(denoiser, batch, generator)["loss"]
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(denoiser.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        with torch.no_grad():
            torch._foreach_lerp_(*pairs, 1 - min(DECAY, (1 + step) / (10 + step)))
    return averaged, losses
