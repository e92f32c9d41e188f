"""Samplers, time grids and batched generation."""

from molgen.sampling.generate import Generator
from molgen.sampling.grid import LogGrid, PowerGrid, TimeGrid, UniformGrid
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

GRIDS: dict[str, TimeGrid] = {
    "uniform": UniformGrid(),
    "quadratic": PowerGrid(2.0),
    "log": LogGrid(),
}
"""Time grids by the name that model cards take."""

__all__ = [
    "GRIDS",
    "SAMPLERS",
    "AncestralSampler",
    "DDIMSampler",
    "Generator",
    "HeunSampler",
    "LogGrid",
    "MultistepSampler",
    "PowerGrid",
    "ReverseSampler",
    "Samples",
    "TimeGrid",
    "UniformGrid",
]
