"""Force-field geometries moved to the training set's level of theory.

A graph is given and its positions go uphill in the density that the model has learned
(:class:`molgen.sampling.Polish`), from levels too low to leave the conformer. Nothing is drawn. Whatever
cannot be refined keeps its place, its coordinates and a reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from molgen.chem.cleaning import with_charges_separated
from molgen.chem.graph import unpaired_electrons
from molgen.chem.molecule import FieldValue, Molecule
from molgen.chem.stereo import shown_smiles
from molgen.control.conformers import foreign, graph_given
from molgen.control.geometry import bent_away, broken_geometry
from molgen.control.request import Setting, require_bonds
from molgen.core.contracts import Progress
from molgen.core.errors import InputError
from molgen.core.geometry import kabsch
from molgen.sampling import Generator, Polish

DEFAULT_STRENGTH = 0.15
DEFAULT_STEPS = 8
MAX_STRENGTH = 0.3
"""Latest time of the task that the network learns; later starts lose the conformer."""
SHARPEST = 0.01
"""Level of the last step."""
MOST_BENT = 25.0
"""Degrees that an angle between bonds may change by; force fields are not as far off."""
CHUNK = 1024
"""Molecules that are padded together."""


@dataclass(frozen=True)
class Refinement:
    """Moves molecules a little, graph unchanged, to where the model has seen such molecules.

    Attributes:
        setting: The model.
        source: What polishes with it.
        strength: Level of the first step, in (0, 0.3].
        steps: Number of steps.

    Raises:
        InputError: The strength is out of range, there are no steps, or the model draws no bonds.
    """

    setting: Setting
    source: Generator
    strength: float = DEFAULT_STRENGTH
    steps: int = DEFAULT_STEPS

    def __post_init__(self) -> None:
        """Check the numbers and the model."""
        if not 0 < self.strength <= MAX_STRENGTH:
            raise InputError(
                f"--strength {self.strength:g} is not in (0, {MAX_STRENGTH:g}]; give {DEFAULT_STRENGTH:g}, "
                "or draw other conformers with molgen sample --smiles"
            )
        if self.steps < 1:
            raise InputError(f"--steps must be at least 1, got {self.steps}; more give less strain")
        require_bonds(self.setting, "refine")

    def __call__(self, molecules: Sequence[Molecule], progress: Progress | None = None) -> list[Molecule]:
        """Refine molecules.

        Args:
            molecules: Molecules with bonds and all hydrogens; others come back as they are.
            progress: Told of every finished batch.

        Returns:
            As many, in order. Each record has ``refined``, 1 or 0; then ``rmsd_moved``, the root mean square
            distance of all atoms before and after in angstrom, or ``unrefined``, the reason.
        """
        cleaned = [with_charges_separated(molecule) for molecule in molecules]
        problems = [self.unsuitable(molecule) for molecule in cleaned]
        if progress is not None and (skipped := len(problems) - problems.count(None)):
            progress(skipped)
        suitable = [m for m, problem in zip(cleaned, problems, strict=True) if problem is None]
        refined = self._polished(suitable, progress)
        return [
            next(refined) if problem is None else _unrefined(molecule, problem)
            for molecule, problem in zip(molecules, problems, strict=True)
        ]

    def unsuitable(self, molecule: Molecule) -> str | None:
        """Say why a molecule cannot be refined, or ``None``."""
        if molecule.failure is not None:
            return molecule.failure
        if molecule.mol is None:
            return "its bonds are not known; give a file with bonds, such as SDF"
        if molecule.origin.isotope is not None:
            return molecule.origin.isotope
        if molecule.num_fragments > 1:
            return f"it is {molecule.num_fragments} molecules; give each its own record"
        if unpaired_electrons(molecule.mol):
            return "it is a radical, or its hydrogens are missing; give every hydrogen"
        return foreign(molecule, self.setting) or broken_geometry(molecule)

    def _polished(self, molecules: Sequence[Molecule], progress: Progress | None) -> Iterator[Molecule]:
        polish = Polish(self.steps, self.strength, min(SHARPEST, self.strength))
        for start in range(0, len(molecules), CHUNK):
            chunk = molecules[start : start + CHUNK]
            # Graphs are given whole, so nothing is drawn.
            given = graph_given(chunk, self.setting, torch.Generator())
            for molecule, batch in zip(chunk, self.source.polished(given, polish, progress), strict=True):
                yield _refined(molecule, batch.pos[0].double().cpu().numpy())


def _refined(molecule: Molecule, pos: NDArray[np.float64]) -> Molecule:
    """Take new coordinates, ``(n, 3)`` angstrom in any frame, unless they are of another molecule."""
    if not np.isfinite(pos).all():
        return _unrefined(molecule, "the model's coordinates are not finite")
    pos = superposed(pos, molecule.pos)
    moved = replace(molecule, pos=pos)
    problem = broken_geometry(moved) or bent_away(molecule, moved, MOST_BENT)
    if problem is None and shown_smiles(moved) != shown_smiles(molecule):
        problem = f"its stereochemistry became {shown_smiles(moved)}"
    if problem is not None:
        return _unrefined(molecule, f"it broke: {problem}; lower the strength")
    rmsd = float(np.sqrt(np.square(pos - molecule.pos).sum(axis=1).mean()))
    return _recorded(moved, {"refined": 1, "rmsd_moved": round(rmsd, 4)})


def _unrefined(molecule: Molecule, problem: str) -> Molecule:
    return _recorded(molecule, {"refined": 0, "unrefined": problem})


def _recorded(molecule: Molecule, record: dict[str, FieldValue]) -> Molecule:
    """Replace what an earlier refinement recorded."""
    kept = {n: v for n, v in molecule.record.items() if n not in ("refined", "rmsd_moved", "unrefined")}
    return replace(molecule, record=kept | record)


def superposed(moving: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move points rigidly onto others, without reflection.

    Args:
        moving: ``(n, 3)`` points, angstrom.
        target: ``(n, 3)`` points in the same order.
    """
    centre = target.mean(axis=0)
    centred, goal = (torch.from_numpy(p - p.mean(axis=0)).unsqueeze(0) for p in (moving, target))
    mask = torch.ones(1, len(target), dtype=torch.bool)
    rotation = kabsch(centred, goal, mask)
    placed: NDArray[np.float64] = (centred @ rotation.mT)[0].numpy() + centre
    return placed
