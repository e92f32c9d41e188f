"""Samplers, time grids and batched generation."""

from molgen.sampling.generate import Generator
from molgen.sampling.grid import LogGrid, PowerGrid, TimeGrid, UniformGrid
from molgen.sampling.guidance import Guided
from molgen.sampling.polish import Polish
from molgen.sampling.replacement import Replacement
from molgen.sampling.reverse import AncestralSampler, DDIMSampler, ReverseSampler, Samples
from molgen.sampling.second_order import HeunSampler, MultistepSampler

SAMPLERS: dict[str, type[ReverseSampler]] = {
    "ancestral": AncestralSampler,
    "ddim": DDIMSampler,
    "euler": DDIMSampler,
    "heun": HeunSampler,
    "dpm": MultistepSampler,
}
"""Samplers by the name that the command line takes."""

__all__ = [
    "SAMPLERS",
    "AncestralSampler",
    "DDIMSampler",
    "Generator",
    "Guided",
    "HeunSampler",
    "LogGrid",
    "MultistepSampler",
    "Polish",
    "PowerGrid",
    "Replacement",
    "ReverseSampler",
    "Samples",
    "TimeGrid",
    "UniformGrid",
]
