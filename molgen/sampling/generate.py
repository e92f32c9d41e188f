"""Many molecules from one sampler: in batches of like size, returned in request order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from molgen.core.batch import MolBatch
from molgen.core.contracts import Denoiser, MoleculeSource, Progress
from molgen.core.errors import InputError
from molgen.core.tasks import Given
from molgen.noise.joint import JointNoise
from molgen.sampling.polish import Polish
from molgen.sampling.reverse import ReverseSampler, Samples


@dataclass(frozen=True)
class Generator(MoleculeSource):
    """A denoiser with its noise and a sampler, ready to draw molecules of given sizes.

    Attributes:
        denoiser: The model; switched to evaluation mode while drawing.
        noise: Its noise process.
        sampler: How to walk from noise to molecules.
        batch_size: Largest number of molecules in memory at once.
    """

    denoiser: Denoiser
    noise: JointNoise
    sampler: ReverseSampler
    batch_size: int = 128

    def __post_init__(self) -> None:
        """Refuse a sampler that cannot walk the noise, before anything is trained or drawn.

        Raises:
            IncompatibleSamplerError: It cannot.
        """
        self.sampler.check(self.noise)

    def __call__(
        self, num_atoms: Tensor, generator: torch.Generator, progress: Progress | None = None
    ) -> list[MolBatch]:
        """See base.

        Raises:
            InputError: No sizes, a size below 1, or a batch size below 1.
        """

        def draw(rows: Tensor) -> Samples:
            template = self.noise.template(num_atoms[rows].to(generator.device))
            return self.sampler(self.denoiser, self.noise, template, generator)

        return self._draw(num_atoms, draw, progress)

    def complete(
        self, given: Given, generator: torch.Generator, progress: Progress | None = None
    ) -> list[MolBatch]:
        """See base.

        Raises:
            InputError: No molecule, one without atoms, or a batch size below 1.
            LevelSupportError: The denoiser takes one time per molecule and not everything is free.
            IncompatibleSamplerError: Entries are given, but noise remains at ``t = 0``.
        """

        def draw(rows: Tensor) -> Samples:
            known = given.take(rows).to(generator.device)
            return self.sampler(self.denoiser, self.noise, known.molecules, generator, known)

        return self._draw(given.molecules.num_atoms, draw, progress)

    def polished(self, given: Given, polish: Polish, progress: Progress | None = None) -> list[MolBatch]:
        """Polish the positions of molecules that are there already; nothing is drawn.

        Args:
            given: Clean molecules on the CPU, and which of their positions may move.
            polish: How.
            progress: Told of every finished batch.

        Returns:
            Unpadded batches of one molecule on the CPU, in order, of the fields that the model draws.

        Raises:
            InputError: No molecule, one without atoms, or a batch size below 1.
            IncompatibleSamplerError: Noise remains at ``t = 0``.
            LevelSupportError: The denoiser takes one time per molecule.
        """
        polish.check(self.noise)
        device = next(self.denoiser.parameters()).device

        @torch.no_grad()
        def move(rows: Tensor) -> Samples:
            known = given.take(rows).to(device)
            framed = known.anchored()
            clean = framed.molecules.select(self.noise.fields)
            cond = known.molecules.labels or None
            moved, calls = polish(self.denoiser, self.noise, clean, framed, cond)
            return Samples(known.restored(moved), calls)

        return self._draw(given.molecules.num_atoms, move, progress)

    def _draw(
        self, num_atoms: Tensor, draw: Callable[[Tensor], Samples], progress: Progress | None
    ) -> list[MolBatch]:
        """Draw batches of like size in evaluation mode and put them back in order."""
        if len(num_atoms) == 0 or int(num_atoms.min()) < 1 or self.batch_size < 1:
            raise InputError(
                "sampling needs at least one molecule, sizes of at least 1 and --batch-size >= 1"
            )
        molecules: list[MolBatch | None] = [None] * len(num_atoms)
        mode = self.denoiser.training
        self.denoiser.eval()
        try:
            for rows in self._batches(num_atoms):
                drawn = draw(rows).molecules.to("cpu")
                for row, molecule in zip(rows.tolist(), drawn, strict=True):
                    molecules[row] = molecule
                if progress is not None:
                    progress(len(rows))
        finally:
            self.denoiser.train(mode)
        return [m for m in molecules if m is not None]

    def _batches(self, num_atoms: Tensor) -> Iterator[Tensor]:
        """Row indices of each batch: sorted by size, so that neighbours pad little."""
        order = torch.argsort(num_atoms, descending=True, stable=True)
        yield from order.split(self.batch_size)
