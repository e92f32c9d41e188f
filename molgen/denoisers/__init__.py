"""Denoisers: equivariant networks behind the ``x0_hat`` interface.

The tensor field network stands apart in :mod:`molgen.denoisers.tensor_field`, as it needs e3nn.
"""

from molgen.denoisers.conditional_transformer import ConditionalTransformer
from molgen.denoisers.egnn import EGNN
from molgen.denoisers.preconditioning import EpsilonDenoiser, JointDenoiser
from molgen.denoisers.transformer import Transformer

__all__ = ["EGNN", "ConditionalTransformer", "EpsilonDenoiser", "JointDenoiser", "Transformer"]
