"""What a Python user holds: ``molgen.load("qm9").sample(100)``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from molgen.checkpoint.build import build_sampler
from molgen.checkpoint.load import DEFAULT_CHECKPOINT, Checkpoint, load_checkpoint
from molgen.chem.decode import decode
from molgen.chem.molecule import Molecule
from molgen.core.contracts import Progress
from molgen.core.errors import InputError
from molgen.data.size_prior import SizePrior
from molgen.sampling import Generator, ReverseSampler


@dataclass(frozen=True)
class SamplingOptions:
    """How to draw; ``None`` means the checkpoint's own default.

    Attributes:
        steps: Number of sampling steps; NFE follows from it and the sampler.
        sampler: A name in :data:`molgen.sampling.SAMPLERS`.
        num_atoms: Smallest and largest number of atoms, hydrogens counted; sizes between them keep the
            training set's proportions.
        batch_size: Molecules drawn at once; bounds memory.
    """

    steps: int | None = None
    sampler: str | None = None
    num_atoms: tuple[int, int] | None = None
    batch_size: int = 64


class MoleculeGenerator:
    """A loaded model on a device.

    Args:
        checkpoint: What :func:`molgen.checkpoint.load_checkpoint` returned.
        device: Where to compute: ``cpu``, ``cuda``, ``cuda:1``, ``mps`` or ``auto``.

    Raises:
        InputError: The device does not exist on this machine.
    """

    def __init__(self, checkpoint: Checkpoint, device: str = "auto") -> None:
        self.checkpoint = checkpoint
        self.device = find_device(device)
        self.denoiser = checkpoint.denoiser.to(self.device)

    def sampler(self, options: SamplingOptions) -> ReverseSampler:
        """Build the sampler that ``options`` describe.

        Raises:
            InputError: The sampler is unknown or the number of steps is less than 1.
            IncompatibleSamplerError: The sampler cannot walk this model's noise.
        """
        sampler = build_sampler(self.checkpoint.card.sampling, options.sampler, options.steps)
        sampler.check(self.checkpoint.noise)
        return sampler

    def size_prior(self, options: SamplingOptions) -> SizePrior:
        """Training sizes, cut to the requested range.

        Raises:
            InputError: No training molecule has a requested size.
        """
        prior = self.checkpoint.size_prior
        return prior if options.num_atoms is None else prior.between(*options.num_atoms)

    def sample(
        self,
        count: int,
        options: SamplingOptions | None = None,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> list[Molecule]:
        """Draw molecules; failed ones are among them, with a reason.

        Args:
            count: Number of molecules.
            options: How to draw; the checkpoint's defaults if absent.
            seed: The same seed, options and device give the same molecules.
            progress: Told of every finished batch.

        Returns:
            ``count`` molecules in the order they were requested.

        Raises:
            InputError: An option cannot be used.
        """
        return next(self.stream(count, options, seed, progress))

    def stream(
        self,
        count: int,
        options: SamplingOptions | None = None,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Iterator[list[Molecule]]:
        """Yield one list of ``count`` molecules after another from one random stream, without end.

        Raises:
            InputError: An option cannot be used.
        """
        options = SamplingOptions() if options is None else options
        if count < 1:
            raise InputError(f"the number of molecules must be at least 1, got {count}")
        prior = self.size_prior(options)
        source = Generator(self.denoiser, self.checkpoint.noise, self.sampler(options), options.batch_size)
        size_stream = torch.Generator().manual_seed(seed)
        noise_stream = torch.Generator(self.device).manual_seed(seed)
        while True:
            drawn = source(prior.sample(count, size_stream), noise_stream, progress)
            yield [molecule for batch in drawn for molecule in decode(batch, self.checkpoint.vocab)]


def load(name: str | Path = DEFAULT_CHECKPOINT, device: str = "auto") -> MoleculeGenerator:
    """Load a model, ready to sample.

    Args:
        name: A shipped checkpoint's name, a checkpoint folder, or a training run's ``.ckpt``.
        device: Where to compute; ``auto`` takes a GPU if there is one.

    Raises:
        CheckpointError: There is none of that name, or it is damaged.
        InputError: The device does not exist on this machine.
    """
    return MoleculeGenerator(load_checkpoint(name), device)


def find_device(name: str) -> torch.device:
    """Resolve a device name.

    Raises:
        InputError: The name is unknown or the device is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        first_line = str(error).splitlines()[0]
        raise InputError(
            f"device {name!r} cannot be used ({first_line}); try --device auto or cpu"
        ) from error
    return device
