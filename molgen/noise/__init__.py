"""Noise schedules, noise processes by field, their joint, and the variational bound."""

from molgen.noise.gaussian import GaussianNoise, IntegerNoise, OneHotNoise, PositionNoise
from molgen.noise.joint import JointNoise
from molgen.noise.likelihood import VariationalBound
from molgen.noise.process import NoiseProcess
from molgen.noise.schedules import PolynomialSchedule
from molgen.noise.weighting import EpsilonWeighting

__all__ = [
    "EpsilonWeighting",
    "GaussianNoise",
    "IntegerNoise",
    "JointNoise",
    "NoiseProcess",
    "OneHotNoise",
    "PolynomialSchedule",
    "PositionNoise",
    "VariationalBound",
]
