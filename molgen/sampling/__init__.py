"""Samplers, time grids and batched generation."""

from molgen.sampling.generate import Generator
from molgen.sampling.grid import TimeGrid, UniformGrid
from molgen.sampling.reverse import AncestralSampler, DDIMSampler, ReverseSampler, Samples

__all__ = [
    "AncestralSampler",
    "DDIMSampler",
    "Generator",
    "ReverseSampler",
    "Samples",
    "TimeGrid",
    "UniformGrid",
]
