"""Muon and AdamW as one optimiser: who takes which parameter, schedules, saved states."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from molgen.training.muon import MuonAdamW, StackedMuon


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(32, 48), nn.Tanh(), nn.Linear(48, 3))


def train(model: nn.Module, optimizer: torch.optim.Optimizer, steps: int, seed: int) -> float:
    """Fit a fixed linear map; return the last loss."""
    generator = torch.Generator().manual_seed(seed)
    target = torch.randn(32, 3, generator=torch.Generator().manual_seed(9)) / 6
    for _ in range(steps):
        x = torch.randn(64, 32, generator=generator)
        loss = (model(x) - x @ target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


def test_wide_matrices_move_orthogonally_and_the_rest_as_adamw_does() -> None:
    model = network()
    before = copy.deepcopy(model)
    optimizer = MuonAdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    twin = copy.deepcopy(before)
    adamw = torch.optim.AdamW(twin.parameters(), lr=1e-3, betas=(0.9, 0.99), weight_decay=0.0)
    train(model, optimizer, 1, seed=1)
    train(twin, adamw, 1, seed=1)
    step = model[0].weight - before[0].weight
    singular = torch.linalg.svdvals(step)
    assert singular.max() < 3 * singular.min()
    assert step.square().mean().sqrt().item() == pytest.approx(0.2e-3, rel=0.3)
    for name in ("0.bias", "2.weight", "2.bias"):
        assert torch.equal(model.get_parameter(name), twin.get_parameter(name))


def test_matrices_step_as_with_torchs_muon_up_to_its_bfloat16() -> None:
    generator = torch.Generator().manual_seed(3)
    starts = [torch.randn(shape, generator=generator) for shape in [(32, 48), (32, 48), (64, 32)]]
    ours, theirs = ([nn.Parameter(start.clone()) for start in starts] for _ in range(2))
    stacked = StackedMuon(ours, 0.01, 0.1, 0.9)
    reference = torch.optim.Muon(theirs, 0.01, 0.1, 0.9, adjust_lr_fn="match_rms_adamw")
    for _ in range(3):
        for a, b in zip(ours, theirs, strict=True):
            a.grad = torch.randn(a.shape, generator=generator)
            b.grad = a.grad.clone()
        stacked.step()
        reference.step()
    for start, a, b in zip(starts, ours, theirs, strict=True):
        assert (a - b).norm() < 0.02 * (a - start).norm()


def test_it_learns_under_a_schedule_that_sets_both_halves() -> None:
    model = network()
    optimizer = MuonAdamW(model.parameters())
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 2.0)
    assert [group["lr"] for group in optimizer.param_groups] == [2e-3, 2e-3]
    first = train(model, optimizer, 1, seed=1)
    assert train(model, optimizer, 300, seed=2) < 0.2 * first
    assert schedule.get_last_lr() == [2e-3, 2e-3]


def test_a_saved_state_goes_on_exactly() -> None:
    whole = network()
    optimizer = MuonAdamW(whole.parameters())
    train(whole, optimizer, 5, seed=1)
    resumed = copy.deepcopy(whole)
    other = MuonAdamW(resumed.parameters())
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    train(whole, optimizer, 5, seed=2)
    train(resumed, other, 5, seed=2)
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)


def test_networks_without_wide_matrices_are_adamw_alone() -> None:
    model = nn.Linear(4, 3)
    optimizer = MuonAdamW(model.parameters())
    train_input = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    model(train_input).square().mean().backward()
    before = model.weight.clone()
    optimizer.step()
    assert len(optimizer.param_groups) == 1 and not torch.equal(before, model.weight)
