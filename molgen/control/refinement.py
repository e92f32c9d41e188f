"""Force-field geometries moved to the training set's level of theory.

A graph is given and positions start from those of the molecule with a little noise, less than separates
conformers, as Meng et al. edit images ("SDEdit", ICLR 2022). Where they arrive depends on the noise; the
mean over several draws, superposed, has less strain than single ones. Whatever cannot be refined keeps its
place, its coordinates and a reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from molgen.chem.molecule import FieldValue, Molecule
from molgen.chem.stereo import shown_smiles
from molgen.control.conformers import broken_geometry, foreign, graph_given
from molgen.control.request import Setting, require_bonds
from molgen.core.contracts import Progress
from molgen.core.errors import InputError
from molgen.core.geometry import kabsch
from molgen.sampling.generate import Generator

DEFAULT_STRENGTH = 0.1
"""Start that lowers the strain of MMFF94 geometries most."""
DEFAULT_STEPS = 5
DEFAULT_DRAWS = 8
MAX_STRENGTH = 0.3
"""Latest time of the task that the network learns; later starts lose the conformer."""
CHUNK = 1024
"""Molecules, times draws, that are padded together."""


@dataclass(frozen=True)
class Refinement:
    """Moves molecules a little, graph unchanged, to where the model has seen such molecules.

    Attributes:
        setting: The model.
        source: What draws from it.
        strength: Time at which positions start, in (0, 0.3].
        draws: How many draws each molecule is the mean of.

    Raises:
        InputError: The strength is out of range, there are no draws, or the model draws no bonds.
    """

    setting: Setting
    source: Generator
    strength: float = DEFAULT_STRENGTH
    draws: int = DEFAULT_DRAWS

    def __post_init__(self) -> None:
        """Check the numbers and the model."""
        if not 0 < self.strength <= MAX_STRENGTH:
            raise InputError(
                f"--strength {self.strength:g} is not in (0, {MAX_STRENGTH:g}]; give {DEFAULT_STRENGTH:g}, "
                "or draw other conformers with molgen sample --smiles"
            )
        if self.draws < 1:
            raise InputError(f"--draws must be at least 1, got {self.draws}; more give less strain")
        require_bonds(self.setting, "refine")

    def __call__(
        self, molecules: Sequence[Molecule], generator: torch.Generator, progress: Progress | None = None
    ) -> list[Molecule]:
        """Refine molecules.

        Args:
            molecules: Molecules with bonds and all hydrogens; others come back as they are.
            generator: Source of randomness on the device to compute on.
            progress: Told of every finished batch.

        Returns:
            As many, in order. Each record has ``refined``, 1 or 0; then ``rmsd_moved``, the root mean square
            distance of all atoms before and after in angstrom, or ``unrefined``, the reason.
        """
        problems = [self.unsuitable(molecule) for molecule in molecules]
        if progress is not None and (skipped := len(problems) - problems.count(None)):
            progress(skipped)
        suitable = [m for m, problem in zip(molecules, problems, strict=True) if problem is None]
        refined = self._drawn(suitable, generator, progress)
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
        if molecule.num_fragments > 1:
            return f"it is {molecule.num_fragments} molecules; give each its own record"
        if any(atom.GetNumRadicalElectrons() for atom in molecule.mol.GetAtoms()):
            return "it is a radical, or its hydrogens are missing; give every hydrogen"
        return foreign(molecule, self.setting) or broken_geometry(molecule)

    def _drawn(
        self, molecules: Sequence[Molecule], generator: torch.Generator, progress: Progress | None
    ) -> Iterator[Molecule]:
        size = max(CHUNK // self.draws, 1)
        report = None if progress is None else _whole(progress, self.draws)
        for start in range(0, len(molecules), size):
            chunk = molecules[start : start + size]
            copies = [molecule for molecule in chunk for _ in range(self.draws)]
            # Graphs are given whole, so nothing is drawn on the CPU.
            given = graph_given(copies, self.setting, torch.Generator(), self.strength)
            drawn = [
                batch.pos[0].double().numpy() for batch in self.source.complete(given, generator, report)
            ]
            for row, molecule in enumerate(chunk):
                yield _refined(molecule, drawn[row * self.draws : (row + 1) * self.draws])


def _whole(progress: Progress, draws: int) -> Progress:
    """Count molecules where draws are reported."""
    seen = 0

    def report(count: int) -> None:
        nonlocal seen
        before, seen = seen, seen + count
        progress(seen // draws - before // draws)

    return report


def _refined(molecule: Molecule, drawn: Sequence[NDArray[np.float64]]) -> Molecule:
    """Take the mean of drawn coordinates, ``(n, 3)`` angstrom each, unless it is another molecule."""
    if not np.isfinite(drawn).all():
        return _unrefined(molecule, "the model's coordinates are not finite")
    pos = molecule.pos
    # Superposed on the start, then on their own mean.
    for _ in range(2):
        pos = np.mean([superposed(one, pos) for one in drawn], axis=0)
    pos = superposed(pos, molecule.pos)
    moved = replace(molecule, pos=pos)
    problem = broken_geometry(moved)
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
