"""Given all there is to know of 64 real molecules, few steps draw nothing but them, and nearly all."""

from __future__ import annotations

import pytest
import torch
from exact_memory import ExactMemory, real_molecules
from torch import Tensor

from molgen.core import MolBatch, NoiseLevels, Vocab
from molgen.noise import AbsorbingCategorical, JointNoise, LinearSchedule, PositionNoise, UniformCategorical
from molgen.noise.categorical import CategoricalNoise
from molgen.sampling import SAMPLERS, DDIMSampler, LogGrid, MultistepSampler, ReverseSampler

COUNT, STEPS, REPEATS = 64, 16, 4
BELIEFS, TIME = 24, 0.85
"""Noisy states of every molecule whose belief is looked at, and their time."""
NEAR = 0.01
"""Angstrom from an atom's place."""
SAMPLERS_OF_FEW_STEPS: dict[str, ReverseSampler] = {
    **{kind.__name__: kind(STEPS) for kind in SAMPLERS.values()},
    "logarithmic grid, churn and lead": MultistepSampler(STEPS, LogGrid(least=0.15), churn=0.7, lead=2.0),
}


def memory(vocab: Vocab, kind: type[CategoricalNoise]) -> ExactMemory:
    """The exact denoiser of the fixture's molecules under uncoupled noise on every field."""
    schedule = LinearSchedule()
    noise = JointNoise(
        vocab,
        {
            "pos": PositionNoise(schedule, unit=1.4),
            **{name: kind(schedule) for name in ("atom", "charge", "bond")},
        },
    )
    return ExactMemory(real_molecules(vocab, noise, COUNT), noise)


def drawn(model: ExactMemory, sampler: ReverseSampler) -> Tensor:
    """Which of its molecules are drawn when each of their sizes is asked for ``REPEATS`` times."""
    template = model.noise.template(model.known.num_atoms.repeat(REPEATS))
    samples = sampler(model, model.noise, template, torch.Generator().manual_seed(0))
    return model.recognised(samples.molecules, NEAR)


def test_the_memory_believes_what_is_true_as_often_as_it_says(vocab: Vocab) -> None:
    """Of any true posterior ``b``, the means of ``b[truth]`` and ``sum b^2`` agree; who sees more has larger.

    Without the categories the mean of ``b[truth]`` would be 0.36, without the positions 0.44; with bonds
    counted twice, or half, the difference would be 11, or 6, standard errors.
    """
    model = memory(vocab, UniformCategorical)
    rivals = model.known.num_atoms.bincount()[model.known.num_atoms] > 1
    truth = torch.arange(COUNT)[rivals].repeat(BELIEFS)
    clean = model.known.take(truth)
    levels = NoiseLevels.uniform(torch.full((len(truth),), TIME), clean)
    belief = model.belief(model.noise.corrupt(clean, levels, torch.Generator().manual_seed(0)), levels)
    true = belief.gather(1, truth.unsqueeze(1)).squeeze(1)
    excess = true - belief.square().sum(dim=1)
    assert excess.mean().abs() < 4 * excess.std() / len(truth) ** 0.5
    assert true.mean() > 0.5


@pytest.mark.parametrize("name", SAMPLERS_OF_FEW_STEPS)
def test_sixteen_steps_draw_whole_molecules(vocab: Vocab, name: str) -> None:
    """Uniform noise can be put right later, so that entries drawn apart still make one molecule."""
    found = drawn(memory(vocab, UniformCategorical), SAMPLERS_OF_FEW_STEPS[name])
    assert (found >= 0).all()
    assert len(found.unique()) > 0.9 * COUNT


def test_absorbed_categories_stay_wrong_without_churn(vocab: Vocab) -> None:
    """What absorbing noise has revealed stays, in molecules that are two in one, unless it is stirred."""
    model = memory(vocab, AbsorbingCategorical)
    whole = {
        churn: float((drawn(model, DDIMSampler(STEPS, churn=churn)) >= 0).float().mean())
        for churn in (0, 0.7)
    }
    assert whole[0] < 0.7 and whole[0.7] > 0.95


class Blurred(ExactMemory):
    """Takes all molecules of a size for equally likely, whatever it sees."""

    def belief(self, x_t: MolBatch, levels: NoiseLevels) -> Tensor:
        """See base."""
        same = (x_t.num_atoms.unsqueeze(1) == self.known.num_atoms).float()
        return same / same.sum(dim=1, keepdim=True)


def test_a_blurred_memory_is_caught(vocab: Vocab) -> None:
    exact = memory(vocab, UniformCategorical)
    model = Blurred(exact.known, exact.noise)
    alone = model.known.num_atoms.bincount()[model.known.num_atoms] == 1
    found = drawn(model, DDIMSampler(STEPS)).view(REPEATS, COUNT)
    assert (found[:, ~alone] < 0).all() and (found[:, alone] >= 0).all()
