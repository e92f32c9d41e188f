"""Noise schedules, noise processes by field, their joint, couplings, and the variational bound."""

from molgen.noise.categorical import AbsorbingCategorical, UniformCategorical
from molgen.noise.coupling import EquivariantTransport
from molgen.noise.gaussian import GaussianNoise, IntegerNoise, OneHotNoise, PositionNoise
from molgen.noise.joint import JointNoise
from molgen.noise.likelihood import VariationalBound
from molgen.noise.process import NoiseProcess
from molgen.noise.schedules import CosineSchedule, LinearSchedule, PolynomialSchedule
from molgen.noise.weighting import ClampedWeighting, EpsilonWeighting

__all__ = [
    "AbsorbingCategorical",
    "ClampedWeighting",
    "CosineSchedule",
    "EpsilonWeighting",
    "EquivariantTransport",
    "GaussianNoise",
    "IntegerNoise",
    "JointNoise",
    "LinearSchedule",
    "NoiseProcess",
    "OneHotNoise",
    "PolynomialSchedule",
    "PositionNoise",
    "UniformCategorical",
    "VariationalBound",
]
