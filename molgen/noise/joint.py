"""JointNoise: one noise process per field, used as if it were one process on molecules.

Nothing is written twice for positions, types or bonds: every method loops over the fields.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from molgen.core.batch import FIELDS, MolBatch
from molgen.core.errors import ConfigError
from molgen.core.levels import NoiseLevels
from molgen.core.vocab import NUM_BOND_ORDERS, Vocab
from molgen.noise.categorical import CategoricalNoise
from molgen.noise.coupling import Coupling
from molgen.noise.gaussian import GaussianNoise
from molgen.noise.process import NoiseProcess, StepTimes


class JointNoise:
    """Noise processes by field name.

    Args:
        vocab: Alphabet, from which the fields' widths follow.
        processes: Field name to process; ``pos`` is always among them.
        coupling: How training pairs molecules with position noise; independently by default. Samplers that
            draw position noise afresh on the way do not fit coupled noise.

    Raises:
        ConfigError: A field name is unknown or ``pos`` is missing.
    """

    def __init__(
        self, vocab: Vocab, processes: dict[str, NoiseProcess], coupling: Coupling | None = None
    ) -> None:
        unknown = sorted(set(processes) - set(FIELDS))
        if unknown or "pos" not in processes:
            raise ConfigError(
                f"noise processes {sorted(processes)} must include 'pos' and be among {list(FIELDS)}"
            )
        self.vocab = vocab
        self.coupling = coupling
        self.processes = {name: processes[name] for name in FIELDS if name in processes}

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields that this noise carries, in registry order."""
        return tuple(self.processes)

    @property
    def dims(self) -> Mapping[str, int]:
        """Field name to the width of its last axis."""
        widths = {
            "pos": 3,
            "atom": self.vocab.num_elements,
            "charge": self.vocab.num_charges,
            "number": 1,
            "bond": NUM_BOND_ORDERS,
        }
        return {name: widths[name] for name in self.processes}

    @property
    def gaussian_fields(self) -> tuple[str, ...]:
        """Names of the fields with Gaussian noise."""
        return tuple(name for name, p in self.processes.items() if isinstance(p, GaussianNoise))

    @property
    def categorical_fields(self) -> tuple[str, ...]:
        """Names of the fields with categorical noise."""
        return tuple(name for name, p in self.processes.items() if isinstance(p, CategoricalNoise))

    def _gaussian(self, field: str) -> GaussianNoise:
        process = self.processes[field]
        if not isinstance(process, GaussianNoise):
            raise ConfigError(
                f"field {field!r} has no Gaussian noise; its process is {type(process).__name__}"
            )
        return process

    def unit(self, field: str) -> float:
        """Noise scale of a Gaussian field at ``sigma = 1``, in the field's unit.

        Raises:
            ConfigError: The field's process is not Gaussian.
        """
        return self._gaussian(field).unit

    def alpha_sigma(self, field: str, t: Tensor) -> tuple[Tensor, Tensor]:
        """Signal and noise share of a Gaussian field at times ``t`` (shapes of ``t``).

        Raises:
            ConfigError: The field's process is not Gaussian.
        """
        schedule = self._gaussian(field).schedule
        return schedule.alpha(t), schedule.sigma(t)

    @property
    def clean_at_zero(self) -> bool:
        """Whether every field is clean data at ``t = 0``."""
        return all(process.clean_at_zero for process in self.processes.values())

    def corrupt(self, x0: MolBatch, levels: NoiseLevels, generator: torch.Generator) -> MolBatch:
        """Draw ``x_t ~ q(x_t | x0)`` field by field; fields without a process are dropped.

        Args:
            x0: Clean molecules.
            levels: Times of every entry; entries at 0 in mixed levels stay as they are.
            generator: Source of randomness.

        Raises:
            FieldError: ``x0`` lacks a field that has a process.
        """
        return self._corrupt(x0, levels, generator, None)

    def corrupt_coupled(self, x0: MolBatch, levels: NoiseLevels, generator: torch.Generator) -> MolBatch:
        """As :meth:`corrupt`, with the position noise that :attr:`coupling` pairs with each molecule.

        Raises:
            FieldError: ``x0`` lacks a field that has a process.
        """
        return self._corrupt(x0, levels, generator, self.coupling)

    def _corrupt(
        self, x0: MolBatch, levels: NoiseLevels, generator: torch.Generator, coupling: Coupling | None
    ) -> MolBatch:
        noisy = {}
        for name, process in self.processes.items():
            mask = x0.entry_mask(name)
            if name == "pos" and coupling is not None:
                drawn = self.draw_positions(x0, levels, generator)
                mixed = self._gaussian("pos").mix(x0.pos, levels["pos"], coupling(x0, drawn, levels))
            else:
                mixed = process.corrupt(x0[name], levels[name], mask, generator)
            noisy[name] = self._keep_given(name, levels, x0, mixed)
        return MolBatch.from_fields(x0.mask, noisy)

    def draw_positions(self, like: MolBatch, levels: NoiseLevels, generator: torch.Generator) -> Tensor:
        """Draw position noise, ``(B, N, 3)`` angstrom, in the frame that the given entries leave free."""
        return self._gaussian("pos").draw(like.pos, levels["pos"], like.mask, generator)

    def lean(self, x0: MolBatch, levels: NoiseLevels) -> Tensor:
        """How far position noise leans towards molecules of given graphs: :meth:`Coupling.lean`.

        What is noised holds ``alpha + sigma * lean`` of its molecule, more than the schedule says.

        Returns:
            ``(B, 1, 1)``; zero without a coupling.
        """
        if self.coupling is None:
            return torch.zeros_like(x0.pos[:, :1, :1])
        return self.coupling.lean(x0, levels, self.unit("pos"))

    def template(self, num_atoms: Tensor, dtype: torch.dtype = torch.float32) -> MolBatch:
        """Make an all-zero batch of molecules of the given sizes.

        Args:
            num_atoms: ``(B,)`` int64 numbers of atoms; its device is the batch's.
            dtype: Float type of the fields.
        """
        atoms = int(num_atoms.max())
        mask = torch.arange(atoms, device=num_atoms.device) < num_atoms.unsqueeze(1)
        fields = {}
        for name, width in self.dims.items():
            lead = (len(num_atoms), atoms, atoms) if FIELDS[name].pairwise else (len(num_atoms), atoms)
            fields[name] = torch.zeros(*lead, width, dtype=dtype, device=num_atoms.device)
        return MolBatch.from_fields(mask, fields)

    def prior(self, template: MolBatch, generator: torch.Generator) -> MolBatch:
        """Draw molecules from the prior, with the sizes and types of ``template``."""
        drawn = {
            name: process.prior(template[name], template.entry_mask(name), generator)
            for name, process in self.processes.items()
        }
        return MolBatch.from_fields(template.mask, drawn)

    def losses(self, x0_hat: MolBatch, x0: MolBatch, levels: NoiseLevels) -> dict[str, Tensor]:
        """Loss of every field: mean over noisy entries of the batch, summed over components."""
        losses = {}
        for name, process in self.processes.items():
            free = levels.free(name, x0)
            losses[name] = process.loss(x0_hat[name], x0[name], levels[name], free).sum() / free.sum().clamp(
                min=1
            )
        return losses

    def step(
        self,
        x_t: MolBatch,
        x0_hat: MolBatch,
        levels: tuple[NoiseLevels, NoiseLevels],
        stochasticity: float,
        generator: torch.Generator,
    ) -> MolBatch:
        """Take one reverse step of every field.

        Args:
            x_t: State at the first of ``levels``.
            x0_hat: Prediction there.
            levels: Where the step starts and where it ends.
            stochasticity: 1 for ancestral sampling, 0 for deterministic.
            generator: Source of randomness.
        """
        start, end = levels
        moved = {}
        for name, process in self.processes.items():
            times = StepTimes(t=start[name], s=end[name])
            mask = x_t.entry_mask(name)
            drawn = process.step(x_t[name], x0_hat[name], times, stochasticity, mask, generator)
            moved[name] = self._keep_given(name, start, x_t, drawn)
        return MolBatch.from_fields(x_t.mask, moved)

    def stir(
        self,
        x_t: MolBatch,
        x0_hat: MolBatch,
        levels: tuple[NoiseLevels, NoiseLevels, NoiseLevels],
        generator: torch.Generator,
    ) -> dict[str, Tensor]:
        """Draw the categories at the end of a step by way of a time below it.

        Args:
            x_t: State where the step starts.
            x0_hat: Prediction there.
            levels: Where the step starts, where it ends, and how far below its end it goes first.
            generator: Source of randomness.

        Returns:
            Categorical fields at the end of the step.
        """
        start, end, below = levels
        stirred = {}
        for name in self.categorical_fields:
            process, mask = self.processes[name], x_t.entry_mask(name)
            down = StepTimes(t=start[name], s=below[name])
            deeper = process.step(x_t[name], x0_hat[name], down, 1.0, mask, generator)
            raised = process.renoise(deeper, StepTimes(t=end[name], s=below[name]), mask, generator)
            stirred[name] = self._keep_given(name, start, x_t, raised)
        return stirred

    @staticmethod
    def _keep_given(name: str, levels: NoiseLevels, before: MolBatch, after: Tensor) -> Tensor:
        """Put the given entries of a field back, bit by bit."""
        if levels.molecule_time is not None:
            return after
        return torch.where(levels.free(name, before).unsqueeze(-1), after, before[name])

    def reconstruct(
        self, x_0: MolBatch, x0_hat: MolBatch, levels: NoiseLevels, generator: torch.Generator
    ) -> MolBatch:
        """Draw clean molecules given the last state, the prediction there and its levels."""
        clean = {}
        for name, process in self.processes.items():
            drawn = process.reconstruct(x_0[name], x0_hat[name], x_0.entry_mask(name), generator)
            clean[name] = self._keep_given(name, levels, x_0, drawn)
        return MolBatch.from_fields(x_0.mask, clean)
