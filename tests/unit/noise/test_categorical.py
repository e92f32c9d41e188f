"""Categorical noise agrees with transition matrices written out in full, absorbing state included."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from molgen.noise import (
    AbsorbingCategorical,
    CosineSchedule,
    LinearSchedule,
    PolynomialSchedule,
    UniformCategorical,
)
from molgen.noise.categorical import CategoricalNoise
from molgen.noise.process import StepTimes

WIDTH = 4
COUNT = 40_000
KINDS = [UniformCategorical, AbsorbingCategorical]
PROCESSES = [kind(schedule) for kind in KINDS for schedule in (LinearSchedule(), CosineSchedule())]
BY_NAME = pytest.mark.parametrize(
    "process", PROCESSES, ids=lambda p: f"{type(p).__name__}-{type(p.schedule).__name__}"
)
TIMES = st.floats(0.01, 1).flatmap(lambda t: st.tuples(st.just(t), st.floats(0, 0.99 * t)))
SEEDS = st.integers(0, 2**31)


def keep(process: CategoricalNoise, time: float) -> float:
    """``keep(t)``."""
    return float(process.schedule.alpha(torch.tensor(time, dtype=torch.float64)))


def transition(process: CategoricalNoise, kept: float) -> Tensor:
    """``Q[i, j]``: probability to go from state ``i`` to ``j`` where values are kept with ``kept``.

    The absorbing state, never reached by uniform noise, is the last.
    """
    target = torch.zeros(WIDTH + 1, dtype=torch.float64)
    if isinstance(process, UniformCategorical):
        target[:WIDTH] = 1 / WIDTH
    else:
        target[WIDTH] = 1
    matrix = kept * torch.eye(WIDTH + 1, dtype=torch.float64) + (1 - kept) * target
    matrix[WIDTH] = torch.eye(WIDTH + 1, dtype=torch.float64)[WIDTH]
    return matrix


def bayes(process: CategoricalNoise, t: float, s: float) -> Tensor:
    """``[x_t, x_0, x_s]`` posterior by Bayes' rule; zero where ``x_0`` cannot lead to ``x_t``."""
    start = transition(process, keep(process, s))
    move = transition(process, keep(process, t) / keep(process, s))
    joint = start[:WIDTH].unsqueeze(0) * move.T.unsqueeze(1)
    return joint / joint.sum(dim=-1, keepdim=True).clamp(min=1e-300)


def states(process: CategoricalNoise) -> Tensor:
    """Every possible ``x_t`` as vectors, ``(1, states, WIDTH)``."""
    every = torch.eye(WIDTH + 1, dtype=torch.float64)[:, :WIDTH].unsqueeze(0)
    return every if isinstance(process, AbsorbingCategorical) else every[:, :WIDTH]


def complete(probabilities: Tensor) -> Tensor:
    """Add the share of the absorbing state as a last column."""
    return torch.cat([probabilities, 1 - probabilities.sum(dim=-1, keepdim=True)], dim=-1)


def times(t: float, s: float, shape: torch.Size) -> StepTimes:
    """The same step for every entry."""
    return StepTimes(*(torch.full(shape, time, dtype=torch.float64) for time in (t, s)))


def soft(seed: int, count: int) -> Tensor:
    """Random logits ``(1, count, WIDTH)``."""
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(1, count, WIDTH, generator=generator, dtype=torch.float64)


def repeated(value: Tensor, count: int = COUNT) -> tuple[Tensor, Tensor]:
    """``(count, n, WIDTH)`` copies of ``(n, WIDTH)`` values, and a mask of real entries."""
    return value.expand(count, *value.shape), torch.ones(count, len(value), dtype=torch.bool)


def assert_frequencies(drawn: Tensor, expected: Tensor) -> None:
    """Shares of ``(M, n, K)`` draws agree with ``(n, K)`` probabilities within 5 standard errors."""
    spread = (expected * (1 - expected) / len(drawn)).clamp(min=0).sqrt()
    excess = (drawn.mean(dim=0) - expected).abs() - 5 * spread - 1e-12
    assert excess.max() <= 0, f"shares {drawn.mean(dim=0).tolist()}, expected {expected.tolist()}"


@BY_NAME
@given(step=TIMES)
def test_posterior_is_bayes_rule(process: CategoricalNoise, step: tuple[float, float]) -> None:
    """For every state and every clean value that can lead to it."""
    exact = bayes(process, *step)
    x_t = states(process)
    for value in range(WIDTH):
        x0 = torch.eye(WIDTH, dtype=torch.float64)[value].expand_as(x_t)
        found = complete(process.posterior(x_t, x0, times(*step, x_t.shape[:-1])))[0]
        expected = exact[: x_t.shape[1], value]
        possible = expected.sum(dim=-1) > 0
        assert possible.any()
        torch.testing.assert_close(found[possible], expected[possible], rtol=1e-9, atol=1e-12)


@BY_NAME
@given(step=TIMES, seed=SEEDS)
def test_posterior_of_a_prediction_is_averaged(
    process: CategoricalNoise, step: tuple[float, float], seed: int
) -> None:
    """``sum_k p(k) q(x_s | x_t, k)``; an unabsorbed value is the clean one, whatever is predicted."""
    x_t = states(process)
    belief = soft(seed, x_t.shape[1]).softmax(dim=-1)
    expected = (belief[0].unsqueeze(-1) * bayes(process, *step)[: x_t.shape[1]]).sum(dim=1)
    if isinstance(process, AbsorbingCategorical):
        expected[:WIDTH] = torch.eye(WIDTH, WIDTH + 1, dtype=torch.float64)
    found = complete(process.posterior(x_t, belief, times(*step, x_t.shape[:-1])))[0]
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


@BY_NAME
def test_corruption_has_the_stated_shares(process: CategoricalNoise) -> None:
    x0, mask = repeated(torch.eye(WIDTH, dtype=torch.float64))
    t = torch.full(mask.shape, 0.6, dtype=torch.float64)
    drawn = process.corrupt(x0, t, mask, torch.Generator().manual_seed(0))
    assert_frequencies(complete(drawn), transition(process, keep(process, 0.6))[:WIDTH])


@BY_NAME
def test_renoising_composes(process: CategoricalNoise) -> None:
    """To 0.3 and on to 0.7 is, in law, straight to 0.7; the joint of both is that of the chain."""
    generator = torch.Generator().manual_seed(1)
    x0, mask = repeated(torch.eye(WIDTH, dtype=torch.float64)[:1])
    step = times(0.7, 0.3, mask.shape)
    x_s = process.corrupt(x0, step.s, mask, generator)
    x_t = process.renoise(x_s, step, mask, generator)
    assert_frequencies(complete(x_t), transition(process, keep(process, 0.7))[:1])
    chain = transition(process, keep(process, 0.3))[0].unsqueeze(1) * transition(
        process, keep(process, 0.7) / keep(process, 0.3)
    )
    pairs = complete(x_s)[:, 0].unsqueeze(2) * complete(x_t)[:, 0].unsqueeze(1)
    assert_frequencies(pairs, chain)


@BY_NAME
def test_a_step_draws_from_the_posterior(process: CategoricalNoise) -> None:
    """From every state at once, under a soft prediction, whatever the stochasticity."""
    x_t, mask = repeated(states(process)[0])
    logits = soft(3, x_t.shape[1])
    step = times(0.7, 0.3, mask.shape)
    drawn = process.step(x_t, logits.expand_as(x_t), step, 0.0, mask, torch.Generator().manual_seed(2))
    expected = process.posterior(x_t[:1], logits.softmax(dim=-1), times(0.7, 0.3, x_t[:1].shape[:-1]))
    assert_frequencies(complete(drawn), complete(expected)[0])


@BY_NAME
@pytest.mark.parametrize("action", ["corrupt", "prior", "renoise", "step", "reconstruct"])
def test_pairs_are_drawn_once_and_padding_is_zero(process: CategoricalNoise, action: str) -> None:
    """Symmetric to the bit, one-hot or absorbed, and zero on the diagonal and in padding."""
    generator, atoms = torch.Generator().manual_seed(0), torch.arange(6) < torch.tensor([[6], [4], [1]])
    mask = atoms.unsqueeze(1) & atoms.unsqueeze(2) & ~torch.eye(6, dtype=torch.bool)
    kinds = torch.randint(0, WIDTH, (3, 6, 6), generator=generator).triu(1)
    x0 = torch.nn.functional.one_hot(kinds + kinds.mT, WIDTH).double() * mask.unsqueeze(-1)
    step = times(0.8, 0.4, mask.shape)
    logits = torch.randn(x0.shape, generator=generator, dtype=torch.float64)
    logits = logits + logits.transpose(1, 2)
    drawn = {
        "corrupt": lambda: process.corrupt(x0, step.t, mask, generator),
        "prior": lambda: process.prior(x0, mask, generator),
        "renoise": lambda: process.renoise(x0, step, mask, generator),
        "step": lambda: process.step(x0, logits, step, 1.0, mask, generator),
        "reconstruct": lambda: process.reconstruct(x0, logits, mask, generator),
    }[action]()
    assert torch.equal(drawn, drawn.transpose(1, 2))
    assert not drawn[~mask].any()
    full = isinstance(process, UniformCategorical) or action == "reconstruct"
    assert torch.isin(drawn[mask].sum(dim=-1), torch.tensor([1.0] if full else [0.0, 1.0]).double()).all()


def test_pairs_keep_their_law() -> None:
    """Mirroring a draw does not change how often a bond is kept: 0.4 + 0.6 / 4 of the time at 0.6."""
    process, mask = UniformCategorical(LinearSchedule()), ~torch.eye(5, dtype=torch.bool).expand(4000, 5, 5)
    x0 = torch.nn.functional.one_hot(torch.full(mask.shape, 2), WIDTH).double() * mask.unsqueeze(-1)
    t = torch.full(mask.shape, 0.6, dtype=torch.float64)
    drawn = process.corrupt(x0, t, mask, torch.Generator().manual_seed(0))
    upper = drawn[:, *torch.triu_indices(5, 5, 1)].flatten(0, 1).unsqueeze(1)
    assert_frequencies(upper, torch.tensor([[0.15, 0.15, 0.55, 0.15]], dtype=torch.float64))


@BY_NAME
@given(step=TIMES, seed=SEEDS)
def test_step_kl_is_that_of_the_matrices(
    process: CategoricalNoise, step: tuple[float, float], seed: int
) -> None:
    """Summed over entries; what the true posterior leaves out costs nothing."""
    exact, x_t = bayes(process, *step), states(process)
    value = seed % WIDTH
    x0 = torch.eye(WIDTH, dtype=torch.float64)[value].expand_as(x_t)
    reachable = exact[: x_t.shape[1], value].sum(dim=-1) > 0
    logits = soft(seed, x_t.shape[1])
    moves = times(*step, x_t.shape[:-1])
    p = exact[: x_t.shape[1], value][reachable]
    q = complete(process.posterior(x_t, logits.softmax(dim=-1), moves))[0][reachable]
    expected = torch.where(p > 0, p * (p.clamp(min=1e-300).log() - q.clamp(min=1e-300).log()), 0.0).sum()
    found = process.step_kl(x_t, logits, x0, moves, reachable.unsqueeze(0))
    torch.testing.assert_close(found, expected.unsqueeze(0), rtol=1e-5, atol=1e-5)


@BY_NAME
def test_perfect_predictions_cost_nothing(process: CategoricalNoise) -> None:
    """Certain and right: no step and no cross-entropy; certain and wrong costs both."""
    x0 = torch.eye(WIDTH, dtype=torch.float64).unsqueeze(0)
    mask, step = torch.ones(1, WIDTH, dtype=torch.bool), times(0.7, 0.3, x0.shape[:-1])
    x_t = x0 if isinstance(process, UniformCategorical) else torch.zeros_like(x0)
    sure = 60 * x0
    assert process.step_kl(x_t, sure, x0, step, mask).abs() < 1e-12
    assert process.loss(sure, x0, step.t, mask).abs() < 1e-12
    assert process.step_kl(x_t, sure.roll(1, dims=1), x0, step, mask) > 0.1
    assert process.loss(sure.roll(1, dims=1), x0, step.t, mask) > 100


def test_a_pair_costs_once() -> None:
    """A bond stands twice in a dense batch; its terms of the bound count it once, as an atom's do."""
    process, logits = UniformCategorical(LinearSchedule()), soft(0, 1)
    x0 = torch.eye(WIDTH, dtype=torch.float64)[:1].unsqueeze(0)
    pair = torch.tensor([[[False, True], [True, False]]])
    as_pair = [v.expand(1, 2, 2, WIDTH) * pair.unsqueeze(-1) for v in (x0, logits, x0)]
    alone = process.step_kl(x0, logits, x0, times(0.7, 0.3, x0.shape[:-1]), pair[:, :1, 1])
    both = process.step_kl(*as_pair, times(0.7, 0.3, pair.shape), pair)
    assert alone > 0
    torch.testing.assert_close(both, alone)


@BY_NAME
def test_all_is_lost_at_the_end(process: CategoricalNoise) -> None:
    """``keep(1) = 0``: the prior is reached exactly, and its draws have its shares."""
    x0, mask = repeated(torch.eye(WIDTH, dtype=torch.float64))
    assert process.prior_kl(x0[:2], mask[:2]).abs().max() < 1e-9
    drawn = process.prior(x0, mask, torch.Generator().manual_seed(0))
    assert_frequencies(complete(drawn), transition(process, 0.0)[:WIDTH])


def test_an_unreached_prior_costs() -> None:
    """EDM's schedule keeps a little: a finite price for uniform noise, an infinite one for absorbing."""
    schedule = PolynomialSchedule()
    x0, mask = repeated(torch.eye(WIDTH, dtype=torch.float64), 1)
    kept = keep(UniformCategorical(schedule), 1.0)
    p = transition(UniformCategorical(schedule), kept)[0, :WIDTH]
    expected = WIDTH * (p * (p * WIDTH).log()).sum()
    assert expected > 1e-6
    found = UniformCategorical(schedule).prior_kl(x0, mask)
    torch.testing.assert_close(found, expected.unsqueeze(0), rtol=1e-4, atol=0)
    assert AbsorbingCategorical(schedule).prior_kl(x0, mask).isinf().all()


def test_loss_is_the_cross_entropy_of_real_entries() -> None:
    logits, mask = soft(5, 3), torch.tensor([[True, False, True]])
    x0 = torch.eye(WIDTH, dtype=torch.float64)[[1, 0, 3]].unsqueeze(0)
    t = torch.full(mask.shape, 0.5, dtype=torch.float64)
    expected = torch.nn.functional.cross_entropy(logits[0, [0, 2]], torch.tensor([1, 3]), reduction="sum")
    found = UniformCategorical(LinearSchedule()).loss(logits, x0, t, mask)
    torch.testing.assert_close(found, expected.unsqueeze(0))


@pytest.mark.parametrize("kind", KINDS)
def test_clean_at_zero_follows_the_schedule(kind: type[CategoricalNoise]) -> None:
    """Only a schedule that keeps everything at 0 gives the data themselves, at no reconstruction cost."""
    x0, mask = repeated(torch.eye(WIDTH, dtype=torch.float64), 1)
    clean, noisy = kind(LinearSchedule()), kind(PolynomialSchedule())
    assert clean.clean_at_zero and not noisy.clean_at_zero
    assert torch.equal(clean.corrupt(x0, torch.zeros(mask.shape), mask, torch.Generator()), x0)
    assert not clean.reconstruction_nll(x0, x0, soft(0, WIDTH), mask).any()
    uniform_guess = torch.zeros_like(x0)
    found = noisy.reconstruction_nll(x0, x0, uniform_guess, mask)
    torch.testing.assert_close(found, torch.tensor([WIDTH * math.log(WIDTH)], dtype=torch.float64))


def test_an_absorbing_chain_ends_with_what_is_there() -> None:
    """Only what is still absorbed is filled in by the prediction."""
    state = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    scores = torch.tensor([[[-5.0, 5.0], [-5.0, 5.0]]])
    drawn = AbsorbingCategorical(LinearSchedule()).reconstruct(
        state, scores, torch.ones(1, 2, dtype=torch.bool), torch.Generator()
    )
    assert drawn.tolist() == [[[1.0, 0.0], [0.0, 1.0]]]
