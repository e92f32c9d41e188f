"""Samplers, time grids and batched generation."""

from molgen.sampling.generate import Generator
from molgen.sampling.grid import TimeGrid, UniformGrid
from molgen.sampling.reverse import AncestralSampler, DDIMSampler, ReverseSampler, Samples

SAMPLERS: dict[str, type[ReverseSampler]] = {"ancestral": AncestralSampler, "ddim": DDIMSampler}
"""Samplers by the name that the command line takes."""

__all__ = [
    "SAMPLERS",
    "AncestralSampler",
    "DDIMSampler",
    "Generator",
    "ReverseSampler",
    "Samples",
    "TimeGrid",
    "UniformGrid",
]
