"""Properties of molecules from their coordinates, by an invariant network of our own.

``PropertyModule``, which trains it, is imported from its module: reading properties needs no Lightning.
"""

from molgen.nn.radial import BesselBasis
from molgen.regression.network import PropertyNetwork
from molgen.regression.readouts import AtomSum, AttentionMean, DipoleLength, Readout

__all__ = [
    "AtomSum",
    "AttentionMean",
    "BesselBasis",
    "DipoleLength",
    "PropertyNetwork",
    "Readout",
]
