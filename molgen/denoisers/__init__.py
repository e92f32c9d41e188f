"""Denoisers: equivariant networks behind the ``x0_hat`` interface.

The tensor field network stands apart in :mod:`molgen.denoisers.tensor_field`, as it needs e3nn.
"""

from molgen.denoisers.egnn import EGNN
from molgen.denoisers.preconditioning import EpsilonDenoiser, JointDenoiser
from molgen.denoisers.transformer import Transformer

__all__ = ["EGNN", "EpsilonDenoiser", "JointDenoiser", "Transformer"]
