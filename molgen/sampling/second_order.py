"""Second-order solvers: step towards an estimate that changes linearly in flow time.

With ``tau = sigma / (alpha + sigma)`` any Gaussian process is the linear one up to a scale, and the exact
step from ``tau_t`` to ``tau_s`` under ``x0_hat(tau) = a + b (tau - tau_t)`` is the first-order step towards
``a + b c`` with ``c = -tau_t (1 + rho ln(rho) / (1 - rho))``, ``rho = tau_s / tau_t``. What differs is where
``b`` comes from: the estimate at the end of the step (Heun's trapezoid; Karras et al. 2022, algorithm 1) or
the one before (Adams-Bashforth, as in DPM-Solver++(2M), Lu et al. 2022). Categories have no such line.
"""

from __future__ import annotations

import torch
from torch import Tensor

from molgen.core.batch import MolBatch
from molgen.core.levels import NoiseLevels
from molgen.noise.gaussian import GaussianNoise
from molgen.noise.joint import JointNoise
from molgen.sampling.reverse import ReverseSampler, Span, Walk, flow_time


class HeunSampler(ReverseSampler):
    """Predicts the end of a step, looks there, and takes the step again with the mean slope.

    Two evaluations a step, so ``steps`` are given half as many for the same NFE. The last estimate ends the
    chain without a look ahead. Categories keep the predictor's jump; churn draws them again from the look
    ahead.
    """

    stochasticity = 0.0

    def _walk_nfe(self, noise: JointNoise) -> int:
        return 2 * super()._walk_nfe(noise) - 1

    def _advance(self, walk: Walk, x_t: MolBatch, span: Span) -> MolBatch:
        start, end = span
        here = walk.estimate(x_t, start)
        x_s = self._move(walk, x_t, here, span)
        there = walk.estimate(x_s, end)
        towards = linear_in_time(walk.noise, here, there, (start, end), end)
        continuous = self._move(walk, x_t, towards, span)
        fields = walk.noise.gaussian_fields
        return x_s.replace(**{name: continuous[name] for name in fields})


class MultistepSampler(ReverseSampler):
    """Uses the estimate of the step before for the slope: second order at one evaluation a step."""

    stochasticity = 0.0

    def _advance(self, walk: Walk, x_t: MolBatch, span: Span) -> MolBatch:
        before, before_levels = walk.previous, walk.previous_levels
        here = walk.estimate(x_t, span[0])
        if before is None or before_levels is None:
            return self._move(walk, x_t, here, span)
        towards = linear_in_time(walk.noise, here, before, (span[0], before_levels), span[1])
        return self._move(walk, x_t, towards, span)


def linear_in_time(
    noise: JointNoise, here: MolBatch, other: MolBatch, known: Span, end: NoiseLevels
) -> MolBatch:
    """The estimate that a first-order step must aim at to follow a line in flow time.

    Args:
        noise: The noise process.
        here: Estimate where the step starts.
        other: Estimate at another time.
        known: Levels of ``here`` and of ``other``.
        end: Levels where the step ends.

    Returns:
        ``here`` with its Gaussian fields replaced.
    """
    changed = {}
    for name in noise.gaussian_fields:
        process = noise.processes[name]
        assert isinstance(process, GaussianNoise)
        tau, tau_other, tau_end = (flow_time(process, levels[name]) for levels in (*known, end))
        slope = (here[name] - other[name]) / _nonzero(tau - tau_other)
        changed[name] = here[name] + slope * _lever(tau, tau_end)
    return here.replace(**changed)


def _lever(tau: Tensor, tau_end: Tensor) -> Tensor:
    """``c`` of the module's docstring; 0 where nothing moves."""
    rho = (tau_end / _nonzero(tau)).clamp(1e-12, 1 - 1e-6)
    lever = -tau * (1 + rho * rho.log() / (1 - rho))
    return torch.where(tau > tau_end, lever, torch.zeros_like(lever))


def _nonzero(value: Tensor) -> Tensor:
    """Keep given entries, whose times do not differ, from dividing by zero."""
    return torch.where(value == 0, torch.ones_like(value), value)
