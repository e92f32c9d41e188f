"""Molecules with a known verdict under the edm protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from molgen.chem import Molecule

Embed = Callable[[str], Molecule]


@pytest.fixture(scope="session")
def embed() -> Embed:
    """Function from SMILES to a molecule with force-field coordinates and its own bonds."""

    def build(smiles: str) -> Molecule:
        mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
        assert rdDistGeom.EmbedMolecule(mol, randomSeed=11) == 0
        rdForceFieldHelpers.MMFFOptimizeMolecule(mol)
        return Molecule.from_mol(mol)

    return build


@pytest.fixture(scope="session")
def ethanol(embed: Embed) -> Molecule:
    """A good molecule."""
    return embed("CCO")


@pytest.fixture(scope="session")
def lost_hydrogen(ethanol: Molecule) -> Molecule:
    """Ethanol whose last hydrogen (the hydroxyl's) stands 20 angstrom away: valid, in two pieces."""
    pos = np.array(ethanol.pos)
    pos[-1] += [20.0, 0.0, 0.0]
    return replace(ethanol, pos=pos)


@pytest.fixture(scope="session")
def extra_hydrogen(ethanol: Molecule) -> Molecule:
    """Ethanol with a fifth neighbour at its first carbon: carbon of valence 5."""
    away = ethanol.pos[0] - ethanol.pos[1]
    position = ethanol.pos[0] + 1.09 * away / np.linalg.norm(away)
    return Molecule(np.append(ethanol.numbers, 1), np.vstack([ethanol.pos, position]))


@pytest.fixture(scope="session")
def pair(embed: Embed) -> Molecule:
    """Methane and water, 15 angstrom apart: stable and valid, in two pieces."""
    methane, water = embed("C"), embed("O")
    pos = np.vstack([methane.pos, water.pos + np.array([15.0, 0.0, 0.0])])
    return Molecule(np.concatenate([methane.numbers, water.numbers]), pos)


@pytest.fixture(scope="session")
def not_finite(ethanol: Molecule) -> Molecule:
    """Ethanol with one coordinate lost."""
    pos = np.array(ethanol.pos)
    pos[3, 0] = np.nan
    return replace(ethanol, pos=pos)


@pytest.fixture(scope="session")
def no_atoms() -> Molecule:
    """A molecule of nothing."""
    return Molecule(np.zeros(0, dtype=int), np.zeros((0, 3)))


@pytest.fixture(scope="session")
def chlorine(embed: Embed) -> Molecule:
    """Chloromethane: an element that the edm table lacks."""
    return embed("CCl")
