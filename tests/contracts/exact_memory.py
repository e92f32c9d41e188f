"""A few real molecules, known by heart: the exact denoiser of their joint distribution over all fields.

A perfect network without any symmetry, were it trained on these molecules alone and in this order and
orientation of atoms, would say the same. What is drawn from it shows what a sampler loses by itself.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from exact_categories import log_likelihood
from torch import Tensor

from molgen.core import Denoiser, LevelSupport, MolBatch, NoiseLevels, Vocab
from molgen.core.contracts import Condition
from molgen.core.geometry import centre
from molgen.data.datamodule import MolDataModule
from molgen.noise import JointNoise

FIXTURE = Path(__file__).parents[1] / "fixtures" / "qm9_200"


def real_molecules(vocab: Vocab, noise: JointNoise, count: int) -> MolBatch:
    """The first ``count`` training molecules of the fixture, centred."""
    dataset = MolDataModule(vocab, str(FIXTURE), train_size=count).dataset("train")
    molecules = dataset.batch(np.arange(count)).select(noise.fields)
    return molecules.replace(pos=centre(molecules.pos, molecules.mask))


class ExactMemory(Denoiser):
    """The posterior mean of positions and the posterior marginals of categories, as logits.

    Args:
        known: ``(M, N)`` centred molecules, equally likely among those of a size.
        noise: Their noise: Gaussian positions, the rest categorical, uncoupled.
    """

    level_support = LevelSupport.PER_ENTRY

    def __init__(self, known: MolBatch, noise: JointNoise) -> None:
        super().__init__()
        self.known = known
        self.noise = noise

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base."""
        belief = self.belief(x_t, levels)
        clean = {name: self._cut(name, x_t) for name in self.noise.fields}
        means = {name: torch.einsum("bm,m...->b...", belief, value) for name, value in clean.items()}
        logits = {name: (means[name] + 1e-12).log() for name in self.noise.categorical_fields}
        return x_t.replace(**{"pos": means["pos"], **logits}).masked()

    def belief(self, x_t: MolBatch, levels: NoiseLevels) -> Tensor:
        """Probability of each known molecule, ``(B, M)``; positions must be centred, and nothing given."""
        alpha, sigma = (part.unsqueeze(-1) for part in self.noise.alpha_sigma("pos", levels["pos"]))
        far = x_t.pos.unsqueeze(1) - alpha.unsqueeze(1) * self._cut("pos", x_t)
        spread = sigma.clamp(min=1e-6).unsqueeze(1) * self.noise.unit("pos")
        score = -(far / spread).square().flatten(2).sum(dim=-1) / 2
        for name in self.noise.categorical_fields:
            seen = log_likelihood(self.noise, name, x_t[name], levels[name])
            twice = 2 if name == "bond" else 1  # both triangles hold the same bonds
            score = score + torch.einsum("b...c,m...c->bm", seen / twice, self._cut(name, x_t))
        other = x_t.num_atoms.unsqueeze(1) != self.known.num_atoms
        return score.masked_fill(other, -torch.inf).softmax(dim=1)

    def _cut(self, name: str, like: MolBatch) -> Tensor:
        """A field of the known molecules, padded as ``like`` is."""
        atoms = like.mask.shape[1]
        value = self.known[name]
        return value[:, :atoms, :atoms] if name == "bond" else value[:, :atoms]

    def recognised(self, drawn: MolBatch, near: float) -> Tensor:
        """Index of the known molecule that each drawn one is, or -1, ``(B,)``.

        Args:
            drawn: Molecules.
            near: Largest distance of any atom from its place, angstrom.
        """
        same = drawn.num_atoms.unsqueeze(1) == self.known.num_atoms
        for name in self.noise.categorical_fields:
            differ = drawn[name].unsqueeze(1) != self._cut(name, drawn)
            same &= ~differ.flatten(2).any(dim=-1)
        apart = (drawn.pos.unsqueeze(1) - self._cut("pos", drawn)).norm(dim=-1).amax(dim=-1)
        same &= apart < near
        return torch.where(same.any(dim=1), same.int().argmax(dim=1), -1)
