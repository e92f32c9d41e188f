"""The checks of ``conformance`` can fail: each broken denoiser below fails the check that is about it."""

from __future__ import annotations

import pytest
import torch
from conformance import CHECKS, Case, applicable_levels, noisy_batch
from torch import Tensor, nn

from molgen.core import Denoiser, LevelSupport, MolBatch, NoiseLevels, Symmetry, pair_mask
from molgen.core.contracts import Condition
from molgen.core.geometry import centre, pairwise_differences

DIMS = {"pos": 3, "atom": 4}


class Sound(Denoiser):
    """A small denoiser that keeps every contract; the broken ones each change one thing."""

    symmetry = Symmetry.E3
    level_support = LevelSupport.PER_ENTRY

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.7, dtype=torch.float64))
        self.generator = torch.Generator().manual_seed(0)

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """Move atoms along weighted differences, mix neighbours' types, look at every time."""
        heat = (1 + levels["pos"] + levels["atom"]).unsqueeze(-1) * x_t.mask.unsqueeze(-1)
        weight = self.weights(x_t)
        pull = (weight * (heat * self.mix(x_t)).unsqueeze(1) * pairwise_differences(x_t.pos)).sum(dim=2)
        pull = pull + self.extra_vector(x_t)
        atom = (x_t.atom + (weight * (heat * x_t.atom).unsqueeze(1)).sum(dim=2)) * self.scale
        return self.finish(x_t, pull, atom)

    def weights(self, x_t: MolBatch) -> Tensor:
        """``(B, N, N, 1)`` smooth weights of pairs, zero where an atom is padding."""
        squares = pairwise_differences(x_t.pos).square().sum(dim=-1, keepdim=True)
        return torch.exp(-squares / 4) * pair_mask(x_t.mask).unsqueeze(-1)

    def mix(self, x_t: MolBatch) -> Tensor:
        """``(B, N, 1)`` invariant of an atom's own types."""
        return torch.cos(x_t.atom).sum(dim=-1, keepdim=True) * self.scale

    def extra_vector(self, x_t: MolBatch) -> Tensor:
        """Nothing here; broken children add a vector."""
        return torch.zeros_like(x_t.pos)

    def finish(self, x_t: MolBatch, pull: Tensor, atom: Tensor) -> MolBatch:
        """Mask and centre the outputs."""
        return x_t.replace(pos=centre(x_t.pos + pull, x_t.mask), atom=atom * x_t.mask.unsqueeze(-1))


class FixedDirection(Sound):
    """Pushes carbon-like atoms along the x axis."""

    def extra_vector(self, x_t: MolBatch) -> Tensor:
        axis = torch.tensor([1.0, 0.0, 0.0]).to(x_t.pos)
        return x_t.atom[..., :1] * axis * x_t.mask.unsqueeze(-1)


class Handed(Sound):
    """Adds a cross product: turns with the molecule, but not with its mirror image."""

    def extra_vector(self, x_t: MolBatch) -> Tensor:
        second = (x_t.pos * x_t.atom[..., :1]).sum(dim=1, keepdim=True)
        return torch.linalg.cross(x_t.pos, second.expand_as(x_t.pos))


class CountsAtoms(Sound):
    """Tells atoms apart by their place in the list."""

    def finish(self, x_t: MolBatch, pull: Tensor, atom: Tensor) -> MolBatch:
        return super().finish(x_t, pull, atom + torch.arange(atom.shape[1]).to(atom).view(1, -1, 1))


class SeesOtherMolecules(Sound):
    """Normalises types by their mean over the batch."""

    def finish(self, x_t: MolBatch, pull: Tensor, atom: Tensor) -> MolBatch:
        return super().finish(x_t, pull, atom - atom.sum(dim=(0, 1)) / x_t.mask.sum())


class DividesByPaddedSize(Sound):
    """Averages neighbours over the padded number of atoms."""

    def weights(self, x_t: MolBatch) -> Tensor:
        return super().weights(x_t) / x_t.mask.shape[1]


class SendsFromPadding(Sound):
    """Lets padded atoms, all at the origin, repel the real ones."""

    def extra_vector(self, x_t: MolBatch) -> Tensor:
        return x_t.pos * (~x_t.mask).sum(dim=1).view(-1, 1, 1)


class ForgetsMask(Sound):
    """Writes a bias into padded entries."""

    def finish(self, x_t: MolBatch, pull: Tensor, atom: Tensor) -> MolBatch:
        return x_t.replace(pos=centre(x_t.pos + pull, x_t.mask), atom=atom + self.scale)


class Drifts(Sound):
    """Does not remove the mean of the predicted positions."""

    def finish(self, x_t: MolBatch, pull: Tensor, atom: Tensor) -> MolBatch:
        pos = (x_t.pos + pull) * x_t.mask.unsqueeze(-1)
        return x_t.replace(pos=pos, atom=atom * x_t.mask.unsqueeze(-1))


class InverseDistance(Sound):
    """Weights pairs by one over their distance."""

    def weights(self, x_t: MolBatch) -> Tensor:
        length = torch.linalg.vector_norm(pairwise_differences(x_t.pos), dim=-1, keepdim=True)
        return super().weights(x_t) / length.where(pair_mask(x_t.mask).unsqueeze(-1), 1.0)


class SharpRoot(Sound):
    """Takes the root of a squared distance: finite values, but no gradient at distance zero."""

    def weights(self, x_t: MolBatch) -> Tensor:
        squares = pairwise_differences(x_t.pos).square().sum(dim=-1, keepdim=True)
        return torch.exp(-squares.sqrt()) * pair_mask(x_t.mask).unsqueeze(-1)


class DropsTypes(Sound):
    """Returns positions only."""

    def finish(self, x_t: MolBatch, pull: Tensor, atom: Tensor) -> MolBatch:
        return super().finish(x_t, pull, atom).replace(atom=None)


class AlwaysDouble(Sound):
    """Computes in float64 and forgets to come back."""

    def finish(self, x_t: MolBatch, pull: Tensor, atom: Tensor) -> MolBatch:
        return super().finish(x_t, pull, atom).to(torch.float64)


class Noisy(Sound):
    """Adds noise to its prediction."""

    def extra_vector(self, x_t: MolBatch) -> Tensor:
        draw = torch.rand((), generator=self.generator, dtype=torch.float64).to(x_t.pos)
        return x_t.pos * draw


class WritesToInput(Sound):
    """Scales the given positions in place."""

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        output = super().forward(x_t, levels, cond)
        x_t.pos.mul_(2)
        return output


class Deaf(Sound):
    """Handles every atom alone."""

    def weights(self, x_t: MolBatch) -> Tensor:
        return super().weights(x_t) * 0


class IgnoresLevels(Sound):
    """Declares a time per entry and does not look at it."""

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        constant = {name: torch.full_like(times, 0.5) for name, times in levels.times.items()}
        return super().forward(x_t, NoiseLevels(constant), cond)


class AcceptsAnyLevels(Sound):
    """Declares one time per molecule and takes anything."""

    level_support = LevelSupport.PER_MOLECULE


class ListensUndeclared(Sound):
    """Reads the estimate before without declaring it."""

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        return super().forward(self.told(x_t, previous), levels, cond)

    @staticmethod
    def told(x_t: MolBatch, previous: MolBatch | None) -> MolBatch:
        """Average the state with the estimate."""
        if previous is None:
            return x_t
        return x_t.map(lambda name, value: 0.5 * (value + previous[name]))


class ForgetsPrevious(Sound):
    """Declares to read the estimate before and does not."""

    self_conditioned = True


class FixesPrevious(ListensUndeclared):
    """Reads the estimate before in one frame, wherever the molecule has turned to."""

    self_conditioned = True

    @staticmethod
    def told(x_t: MolBatch, previous: MolBatch | None) -> MolBatch:
        if previous is None:
            return x_t
        return x_t.replace(atom=x_t.atom + previous.pos[..., :1])


CULPRITS = [
    (FixedDirection, "rotation"),
    (FixedDirection, "reflection"),
    (Handed, "reflection"),
    (CountsAtoms, "permutation"),
    (Drifts, "centred"),
    (SeesOtherMolecules, "independence"),
    (DividesByPaddedSize, "padding"),
    (SendsFromPadding, "padding"),
    (ForgetsMask, "padded_zero"),
    (InverseDistance, "finite"),
    (SharpRoot, "finite"),
    (DropsTypes, "shapes"),
    (AlwaysDouble, "dtype"),
    (Noisy, "determinism"),
    (WritesToInput, "determinism"),
    (Deaf, "interaction"),
    (IgnoresLevels, "levels"),
    (AcceptsAnyLevels, "levels"),
    (ListensUndeclared, "self_conditioning"),
    (ForgetsPrevious, "self_conditioning"),
    (FixesPrevious, "self_conditioning"),
]


def run_check(denoiser: Denoiser, check: str) -> None:
    """Run one check on a batch of the size that the real denoisers get."""
    generator = torch.Generator().manual_seed(0)
    x_t = noisy_batch(DIMS, [6, 4, 1, 8, 2], generator)
    CHECKS[check](denoiser, Case(x_t, applicable_levels(denoiser, x_t, generator)), generator)


@pytest.mark.parametrize("check", CHECKS)
def test_sound_denoiser_passes(check: str) -> None:
    """No check rejects a denoiser that keeps the contract."""
    run_check(Sound(), check)


@pytest.mark.parametrize(("broken", "check"), CULPRITS)
def test_broken_denoiser_is_caught(broken: type[Denoiser], check: str) -> None:
    """The check about the broken promise fails, and says which promise it was."""
    with pytest.raises(AssertionError, match=f"^{check.replace('_', ' ')}"):
        run_check(broken(), check)


def test_handed_denoiser_still_rotates() -> None:
    """A chiral map is caught as a reflection fault alone, not as a rotation fault."""
    run_check(Handed(), "rotation")


def test_every_check_has_a_culprit() -> None:
    """A check that nothing here can fail would be worth nothing."""
    assert {check for _, check in CULPRITS} == set(CHECKS)
