"""The last digits of positions: steps uphill, to the nearest mode of the density that the model has learned.

Relaxed molecules lie at minima of an energy, so what noise a chain leaves on their positions is error. The
graph is held and the denoiser asked, at falling noise levels ``t``, what clean molecule it sees in the
present one, taken as it is: ``x <- x0_hat(alpha_t x, t)``. By Tweedie's formula that is ``x`` plus the
variance of the noise times the slope of the smoothed log density: mean shift (Cheng 1995), which stays where
the density is highest. A molecule moves a few hundredths of an angstrom.

Training may pair molecules with noise that leans towards them (:mod:`molgen.noise.coupling`), so that what
the network saw at ``t`` was larger than ``alpha_t x``. Shown that alone it answers with a smaller molecule:
each bond loses half a hundredth of its length, enough to make aromatic bonds pass for double ones. So it is
shown ``(alpha_t + lean sigma_t) x``.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from molgen.core.batch import MolBatch
from molgen.core.contracts import Condition, Denoiser, LevelSupport
from molgen.core.errors import IncompatibleSamplerError, InputError, LevelSupportError
from molgen.core.levels import NoiseLevels
from molgen.core.tasks import Given
from molgen.noise.joint import JointNoise


@dataclass(frozen=True)
class Polish:
    """Moves drawn positions uphill, graph unchanged; for models that were trained with given graphs.

    Attributes:
        steps: Number of steps, one evaluation each; their levels fall by equal ratios.
        first: Level of the first step.
        last: Level of the last step, where the density is sharpest.
        lean: Share that is added of the lean of coupled noise (:meth:`molgen.noise.JointNoise.lean`). What
            is seen is less noisy than in training, so less than all of it leaves bonds their length.

    Raises:
        InputError: There is no step, not ``0 < last <= first < 1``, or a lean outside [0, 1].
    """

    steps: int = 4
    first: float = 0.15
    last: float = 0.01
    lean: float = 0.6

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.steps < 1 or not 0 < self.last <= self.first < 1:
            raise InputError(
                f"polishing takes at least 1 step at levels 0 < last <= first < 1, got {self.steps} from "
                f"{self.first:g} to {self.last:g}"
            )
        if not 0 <= self.lean <= 1:
            raise InputError(f"the lean of polishing must be in [0, 1], got {self.lean:g}")

    @property
    def levels(self) -> list[float]:
        """Levels of the steps, falling; one step is at ``last``."""
        if self.steps == 1:
            return [self.last]
        ratio = (self.last / self.first) ** (1 / (self.steps - 1))
        return [self.first * ratio**step for step in range(self.steps)]

    @staticmethod
    def check(noise: JointNoise) -> None:
        """Refuse noise that remains where the graph shall be held.

        Raises:
            IncompatibleSamplerError: Noise remains at ``t = 0``.
        """
        if not noise.clean_at_zero:
            raise IncompatibleSamplerError(
                "polishing needs noise that vanishes at t = 0, as in configs/noise/joint.yaml; leave it out"
            )

    @staticmethod
    def check_levels(denoiser: Denoiser) -> None:
        """Refuse a denoiser that cannot be shown noisy positions on a clean graph.

        Raises:
            LevelSupportError: It takes one time per molecule.
        """
        if denoiser.level_support is not LevelSupport.PER_ENTRY:
            raise LevelSupportError(
                "polishing holds the graph at level 0, but this network takes one noise level per molecule; "
                "leave polish out, or use a denoiser that declares LevelSupport.PER_ENTRY"
            )

    def __call__(
        self,
        denoiser: Denoiser,
        noise: JointNoise,
        molecules: MolBatch,
        known: Given,
        cond: Condition | None = None,
    ) -> tuple[MolBatch, int]:
        """Polish the positions that ``known`` leaves free.

        Args:
            denoiser: The model, in evaluation mode, on the molecules' device.
            noise: Its noise, which vanishes at ``t = 0``.
            molecules: Clean molecules in the frame of the chain.
            known: What was known of them, in that frame; no step is at a later level than its start.
            cond: What they are asked to have.

        Returns:
            The molecules, and how many evaluations were made; none where no position is free.
        """
        free = {name: torch.zeros_like(molecules.entry_mask(name)) for name, _ in molecules.items()}
        free["pos"] = known.levels(1.0, molecules).free("pos", molecules)
        if not free["pos"].any():
            return molecules, 0
        scale = min(1.0, known.start / self.first)
        lean = self.lean * noise.lean(molecules, NoiseLevels.partial(_times(1.0, molecules), molecules, free))
        for level in self.levels:
            levels = NoiseLevels.partial(_times(scale * level, molecules), molecules, free)
            alpha, sigma = (share.unsqueeze(-1) for share in noise.alpha_sigma("pos", levels["pos"]))
            x_t = molecules.replace(pos=(alpha + sigma * lean) * molecules.pos)
            x0_hat = denoiser(x_t, levels, cond)
            moved = torch.where(free["pos"].unsqueeze(-1), x0_hat.pos, molecules.pos)
            molecules = molecules.replace(pos=moved)
        return molecules, self.steps * denoiser.evaluations


def _times(time: float, molecules: MolBatch) -> Tensor:
    return molecules.pos.new_full((len(molecules),), time)
