"""The conventions every part of molgen keeps, stated once, and the abstract parts they bind.

- Time ``t`` lies in [0, 1]; 0 is data, 1 is the prior; ``x_t = alpha(t) x0 + sigma(t) unit eps`` for
  continuous fields, where ``unit`` is the field's noise scale in the field's own unit.
- A :class:`Denoiser` returns ``x0_hat``: coordinates in angstrom in the centred frame, and for
  categorical fields scores whose argmax is the category. Whatever its network predicts is turned into
  ``x0_hat`` inside it.
- Shapes: see :class:`molgen.core.batch.MolBatch`. Padded entries are exactly zero, on input and output.
- Molecules of a batch do not see each other, and padding changes no result.
- With nothing given, positions and their noise have zero centre of mass: 3 (n - 1) dimensions.
- Random numbers come from a :class:`torch.Generator` that the caller passes.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from molgen.core.batch import MolBatch
from molgen.core.levels import NoiseLevels
from molgen.core.tasks import Given

Condition = Mapping[str, Tensor]
"""Named per-molecule conditions, each ``(B,)``; NaN where nothing is asked."""


class Symmetry(enum.Enum):
    """Group of rigid motions under which positions move and everything else stays."""

    E3 = "rotations, translations and reflections"
    SE3 = "rotations and translations"


class LevelSupport(enum.Enum):
    """Which patterns of noise levels a network can take."""

    PER_MOLECULE = "one time per molecule"
    PER_ENTRY = "one time per atom or pair and field"


class NoiseSchedule(Protocol):
    """Signal and noise shares as functions of time, for any tensor of times."""

    def alpha(self, t: Tensor) -> Tensor:
        """Signal share, decreasing in ``t``; same shape as ``t``."""
        ...

    def sigma(self, t: Tensor) -> Tensor:
        """Noise share, increasing in ``t``; same shape as ``t``."""
        ...

    def log_snr(self, t: Tensor) -> Tensor:
        """``log(alpha^2 / sigma^2)``, decreasing in ``t``; same shape as ``t``."""
        ...


class NoiseScales(Protocol):
    """What a preconditioning wrapper must know of the noise: widths, shares and units by field."""

    @property
    def dims(self) -> Mapping[str, int]:
        """Field name to the width of its last axis."""
        ...

    @property
    def gaussian_fields(self) -> tuple[str, ...]:
        """Names of the fields with Gaussian noise."""
        ...

    def unit(self, field: str) -> float:
        """Noise scale of a field at ``sigma = 1``, in the field's unit."""
        ...

    def alpha_sigma(self, field: str, t: Tensor) -> tuple[Tensor, Tensor]:
        """Signal share and noise share of a field at times ``t`` (shapes of ``t``)."""
        ...


class Network(nn.Module, ABC):
    """An equivariant map ``(batch, levels, cond) -> batch`` with a declared symmetry.

    Positions come and go as vectors of the centred frame; all other fields are invariant. Inputs and
    outputs are in noise units (unit variance at the prior).

    Attributes:
        symmetry: Group under which the declared behaviour is exact up to rounding.
        level_support: Patterns of levels it accepts; others raise ``LevelSupportError``.
    """

    symmetry: ClassVar[Symmetry]
    level_support: ClassVar[LevelSupport]

    @abstractmethod
    def forward(self, x_t: MolBatch, levels: NoiseLevels, cond: Condition | None = None) -> MolBatch:
        """Map a noisy batch to one output batch with the same mask and fields.

        Args:
            x_t: Noisy molecules; fields as in the configured noise process.
            levels: Time of every entry.
            cond: Named conditions, or ``None`` for unconditional networks.

        Returns:
            A batch of the same shapes; padded entries exactly zero.
        """


class SelfConditionedNetwork(Network):
    """A network that also reads the last estimate of the same chain (Chen et al. 2023)."""

    @abstractmethod
    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """As base.

        Args:
            x_t: Noisy molecules.
            levels: Time of every entry.
            cond: Named conditions, or ``None``.
            previous: Last estimate, positions in noise units, categories as probabilities; ``None`` at the
                beginning of a chain.
        """


class Denoiser(nn.Module, ABC):
    """``(x_t, levels, cond) -> x0_hat``: the only thing a sampler or a loss needs of a model.

    Attributes:
        symmetry: Symmetry of the map, inherited from the network inside.
        level_support: Patterns of levels it accepts.
        self_conditioned: Whether it reads ``previous``; others ignore it.
        evaluations: How often one call evaluates a network.
    """

    symmetry: Symmetry
    level_support: LevelSupport
    self_conditioned: ClassVar[bool] = False
    evaluations: int = 1

    @abstractmethod
    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """Estimate the clean batch.

        Args:
            x_t: Noisy molecules, positions in angstrom. Their centre of mass is zero, or, where positions
                are given, that of the given atoms.
            levels: Time of every entry.
            cond: Named conditions, or ``None``.
            previous: ``x0_hat`` of the step before in the same chain, or ``None`` at its beginning.

        Returns:
            ``x0_hat`` with the fields and mask of ``x_t``: expected clean values of continuous fields,
            scores of categorical ones. Padded entries exactly zero.
        """


BatchPreparation = Callable[[MolBatch, torch.Generator], Any]
"""What training does to clean molecules before the network: pure, so that loader processes may do it."""


@runtime_checkable
class PreparesBatches(Protocol):
    """A data module that applies a preparation to its training batches, in its workers if it has some."""

    preparation: BatchPreparation


Progress = Callable[[int], None]
"""Told the number of molecules that were just finished."""


class MoleculeSource(ABC):
    """Draws molecules of given sizes: a denoiser, a noise process and a sampler, put together."""

    @abstractmethod
    def __call__(
        self, num_atoms: Tensor, generator: torch.Generator, progress: Progress | None = None
    ) -> list[MolBatch]:
        """Draw one molecule per entry of ``num_atoms``.

        Args:
            num_atoms: ``(M,)`` int64 sizes, each at least 1.
            generator: Source of randomness on the device to compute on.
            progress: Told of every finished batch.

        Returns:
            ``M`` unpadded batches of one molecule on the CPU, in the order of ``num_atoms``.
        """

    @abstractmethod
    def complete(
        self, given: Given, generator: torch.Generator, progress: Progress | None = None
    ) -> list[MolBatch]:
        """Draw what is not given of molecules: every task is this call with another pattern of free entries.

        Args:
            given: Clean molecules on the CPU and which of their entries to draw; their labels are what they
                are asked to have.
            generator: Source of randomness on the device to compute on.
            progress: Told of every finished batch.

        Returns:
            Unpadded batches of one molecule on the CPU, in order; given entries are as they were given.
        """


class SampleJudge(ABC):
    """Scores and shows samples; training is given one and knows nothing of how it judges."""

    @abstractmethod
    def __call__(self, samples: Sequence[MolBatch]) -> dict[str, float]:
        """Metric name to value, over all samples."""

    @abstractmethod
    def picture(self, samples: Sequence[MolBatch], count: int = 16) -> Any:  # noqa: ANN401
        """A PIL image of the first ``count`` samples (untyped: the core does not depend on PIL)."""

    @abstractmethod
    def mol_blocks(self, samples: Sequence[MolBatch], count: int = 16) -> list[str]:
        """Connection tables (MDL mol blocks, angstrom) of the first ``count`` samples that make one."""


class MediaWriter(ABC):
    """Puts pictures and 3D molecules where one kind of logger keeps them."""

    @abstractmethod
    def accepts(self, logger: object) -> bool:
        """Whether this writer serves that logger."""

    @abstractmethod
    def write(self, logger: Any, step: int, picture: Any, mol_blocks: list[str]) -> None:  # noqa: ANN401
        """Log a PIL image and mol blocks of one validation.

        Args:
            logger: A logger that :meth:`accepts` approved.
            step: Training step.
            picture: PIL image.
            mol_blocks: Connection tables, angstrom.
        """
