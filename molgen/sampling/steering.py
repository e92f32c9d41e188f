"""Estimates moved to the hands that were asked for, while the walk still can follow.

A network that is equivariant to reflections draws either hand of every centre. Steering its estimate early,
when nothing but a sketch is there, has the rest of the walk drawn around the right one (after the guidance by
potentials of Wohlwend et al., "Boltz-1x", 2025).
"""

from __future__ import annotations

import torch
from torch import Tensor

from molgen.core.batch import MolBatch
from molgen.core.contracts import Condition, Denoiser, Symmetry
from molgen.core.geometry import centre
from molgen.core.handedness import Handedness
from molgen.core.levels import NoiseLevels

LEAST_VOLUME = 3.0
"""Cubic angstrom; the centres of QM9 have 5.8 to 11.5."""
LEAST_OFFSET = 0.5
"""Square angstrom; the double bonds of QM9 have 0.88 to 1.8."""
ROUNDS = 10
_SMALL = 1e-6


class Steered(Denoiser):
    """Moves the atoms around a wrong-handed centre or double bond until it is right, by the shortest way.

    Estimates that are right by a margin stay as they are. Not equivariant to reflections, which is the point.

    Args:
        denoiser: The model.
        hands: What is wanted of the molecules of every call, in order; their positions are all to be drawn.
    """

    symmetry = Symmetry.SE3

    def __init__(self, denoiser: Denoiser, hands: Handedness) -> None:
        super().__init__()
        self.denoiser = denoiser
        self.hands = hands
        self.level_support = denoiser.level_support
        self.evaluations = denoiser.evaluations

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base."""
        x0_hat = self.denoiser(x_t, levels, cond, previous)
        return x0_hat.replace(pos=centre(steered(x0_hat.pos, self.hands), x_t.mask))


def steered(pos: Tensor, hands: Handedness) -> Tensor:
    """Move ``(B, N, 3)`` coordinates until every product has its sign by the margin, or rounds are spent.

    Each round solves every wanted sign to first order, on its own, and goes there half way.
    """
    if not hands.wanted.any():
        return pos
    least = torch.where(hands.planar, LEAST_OFFSET, LEAST_VOLUME)
    index = hands.atoms.flatten(1).unsqueeze(-1).expand(-1, -1, 3)
    for _ in range(ROUNDS):
        with torch.enable_grad():
            corners = pos.gather(1, index).unflatten(1, (-1, 4)).detach().requires_grad_()
            products = hands.products(corners)
            (slope,) = torch.autograd.grad(products.sum(), corners)
        missing = (least - hands.wanted * products.detach()).clamp(min=0) * hands.wanted
        if not missing.any():
            break
        steepness = slope.square().sum(dim=(2, 3)) + _SMALL
        move = (0.5 * missing / steepness).view(*missing.shape, 1, 1) * slope
        pos = pos.scatter_add(1, index, move.flatten(1, 2).to(pos))
    return pos
