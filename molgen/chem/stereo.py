"""Stereochemistry as a SMILES writes it, looked for in space.

A network that is equivariant to reflections draws either hand equally often, so what is written must be
compared with what was drawn. The comparison is one of graphs: the atoms of the drawn molecule are matched to
those of the SMILES, over all symmetries of the graph, such that every centre and double bond that the SMILES
specifies is alike. Descriptors (R, S, E, Z) are names of that; rings and pseudoasymmetric centres have none
that could be compared one by one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from rdkit import Chem

from molgen.chem.graph import heavy_graph
from molgen.chem.molecule import Molecule

_FREE_ATOM = Chem.ChiralType.CHI_UNSPECIFIED
_FREE_BOND = (Chem.BondStereo.STEREONONE, Chem.BondStereo.STEREOANY)


class Stereo:
    """What a graph says of hands and of double bonds.

    Args:
        graph: Sanitised molecule, as read from a SMILES; what it leaves open stays open.
    """

    def __init__(self, graph: Chem.Mol) -> None:
        self._graph = heavy_graph(graph)
        self.specified = any(a.GetChiralTag() != _FREE_ATOM for a in self._graph.GetAtoms()) or any(
            b.GetStereo() not in _FREE_BOND for b in self._graph.GetBonds()
        )

    @property
    def smiles(self) -> str:
        """Canonical SMILES with stereochemistry."""
        return str(Chem.MolToSmiles(self._graph))

    def shown_by(self, molecule: Molecule) -> bool:
        """Whether the coordinates of a molecule of this graph have everything that is specified."""
        if molecule.mol is None:
            return False
        return not self.specified or heavy_graph(molecule.mol).HasSubstructMatch(
            self._graph, useChirality=True
        )

    def towards(self, molecule: Molecule) -> Molecule:
        """Return the mirror image where that, and only that, has what is specified."""
        if self.shown_by(molecule):
            return molecule
        image = mirrored(molecule)
        return image if self.shown_by(image) else molecule

    def objection(self, molecule: Molecule) -> str | None:
        """Say what a molecule of this graph shows in place of what is specified, or ``None``."""
        if self.shown_by(molecule):
            return None
        return f"its stereochemistry is {shown_smiles(molecule)}, where {self.smiles} was asked"


def mirrored(molecule: Molecule) -> Molecule:
    """Return the mirror image of a molecule."""
    return replace(molecule, pos=molecule.pos * np.array([1.0, 1.0, -1.0]))


def shown_smiles(molecule: Molecule) -> str | None:
    """Canonical SMILES with the stereochemistry that the coordinates show; ``None`` if failed or unbonded."""
    return None if molecule.mol is None else str(Chem.MolToSmiles(heavy_graph(molecule.mol)))
