"""Denoisers: networks with a declared symmetry, and the wrappers that make them predict ``x0_hat``."""

from molgen.denoisers.egnn import EGNN
from molgen.denoisers.preconditioning import EpsilonDenoiser

__all__ = ["EGNN", "EpsilonDenoiser"]
