"""Geometries with known chemistry."""

from __future__ import annotations

import numpy as np
import pytest

from molgen.chem import Molecule


@pytest.fixture
def methane() -> Molecule:
    """CH4, C-H 1.09 angstrom, without bonds."""
    directions = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
    return Molecule(np.array([6, 1, 1, 1, 1]), np.vstack([np.zeros(3), 1.09 * directions]))


def hexagon(short: float, long: float) -> Molecule:
    """C6H6 in a plane, alternating C-C lengths in angstrom, C-H 1.09, without bonds."""
    carbons, heading = [np.zeros(2)], 0.0
    for side in range(5):
        step = short if side % 2 == 0 else long
        carbons.append(carbons[-1] + step * np.array([np.cos(heading), np.sin(heading)]))
        heading += np.pi / 3
    ring = np.array(carbons) - np.mean(carbons, axis=0)
    hydrogens = ring * (1 + 1.09 / np.linalg.norm(ring, axis=1, keepdims=True))
    flat = np.vstack([ring, hydrogens])
    return Molecule(np.repeat([6, 1], 6), np.column_stack([flat, np.zeros(12)]))


@pytest.fixture
def kekule_benzene() -> Molecule:
    """Benzene with one set of short bonds, whose orders the edm rule sees."""
    return hexagon(1.34, 1.46)


@pytest.fixture
def benzene() -> Molecule:
    """Benzene with its six equal bonds of 1.395 angstrom."""
    return hexagon(1.395, 1.395)
