"""Properties of molecules from their coordinates, by an invariant network of our own."""

from molgen.nn.radial import BesselBasis
from molgen.regression.module import PropertyModule
from molgen.regression.network import PropertyNetwork
from molgen.regression.readouts import AtomSum, AttentionMean, DipoleLength, Readout

__all__ = [
    "AtomSum",
    "AttentionMean",
    "BesselBasis",
    "DipoleLength",
    "PropertyModule",
    "PropertyNetwork",
    "Readout",
]
