"""A model whose every answer is known: Gaussian positions, their exact denoiser, and moment checks.

If ``x0 ~ N(mean, C)`` on the zero-centre-of-mass subspace and ``x_t = alpha x0 + sigma unit eps``, then
``E[x0 | x_t]`` is linear along the principal axes of ``C``, and the true log-density is elementary.
So a sampler or a bound given this denoiser has no excuse but its own error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from molgen.core import Denoiser, LevelSupport, MolBatch, NoiseLevels
from molgen.core.contracts import Condition
from molgen.noise import JointNoise

SIZES = (3, 5)
"""Numbers of atoms of the molecules that the tests draw."""
MULTIPLE = 5.0
"""Allowed standard errors: the worst of about 100 numbers exceeds it once in 20,000 seeds."""


@dataclass(frozen=True)
class GaussianPositions:
    """A Gaussian over the positions of ``n`` atoms with zero centre of mass, ``D = 3 (n - 1)``.

    Attributes:
        mean: ``(3n,)`` angstrom, centred.
        axes: ``(3n, D)`` orthonormal principal axes, each mixing atoms and Cartesian directions.
        variances: ``(D,)`` positive, square angstrom.
    """

    mean: Tensor
    axes: Tensor
    variances: Tensor

    @classmethod
    def random(cls, atoms: int, generator: torch.Generator) -> GaussianPositions:
        """Project a random full covariance, and a random mean, to zero centre of mass."""
        size = 3 * atoms
        root = torch.randn(size, size, generator=generator, dtype=torch.float64)
        full = root @ root.T / size + 0.3 * torch.eye(size, dtype=torch.float64)
        centring = torch.eye(atoms, dtype=torch.float64) - 1 / atoms
        projector = torch.kron(centring, torch.eye(3, dtype=torch.float64))
        variances, axes = torch.linalg.eigh(projector @ full @ projector)
        mean = projector @ torch.randn(size, generator=generator, dtype=torch.float64)
        return cls(mean, axes[:, 3:], variances[3:])

    def coordinates(self, pos: Tensor) -> Tensor:
        """Principal coordinates ``(B, D)`` of centred positions ``(B, n, 3)``, about the mean."""
        return (pos.flatten(start_dim=1) - self.mean) @ self.axes

    def positions(self, coordinates: Tensor) -> Tensor:
        """Undo :meth:`coordinates`."""
        return (self.mean + coordinates @ self.axes.T).view(len(coordinates), -1, 3)

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw ``(count, n, 3)``."""
        white = torch.randn(count, len(self.variances), generator=generator, dtype=torch.float64)
        return self.positions(white * self.variances.sqrt())

    def log_prob(self, pos: Tensor) -> Tensor:
        """Log-density ``(B,)`` with respect to volume on the subspace, angstrom."""
        square = (self.coordinates(pos).square() / self.variances).sum(dim=1)
        return -0.5 * (square + torch.log(2 * math.pi * self.variances).sum())

    def posterior_mean(self, pos: Tensor, alpha: Tensor, scale: Tensor) -> Tensor:
        """``E[x0 | x_t]`` for ``x_t = alpha x0 + scale eps``; ``alpha``, ``scale`` are ``(B, 1)``."""
        seen = self.coordinates(pos) + (1 - alpha) * (self.mean @ self.axes)
        return self.positions(seen * alpha * self.variances / (alpha**2 * self.variances + scale**2))


def scaled(model: GaussianPositions) -> GaussianPositions:
    """Variances 30 % too large."""
    return GaussianPositions(model.mean, model.axes, 1.3 * model.variances)


Models = Mapping[int, GaussianPositions]
"""Number of atoms to the distribution of such molecules."""


class ExactDenoiser(Denoiser):
    """The closed-form ``E[x0 | x_t]``; equivariant under nothing, as the Gaussian it knows is fixed in space.

    Args:
        models: Distribution for each size.
        noise: A noise on positions alone.
    """

    level_support = LevelSupport.PER_MOLECULE

    def __init__(self, models: Models, noise: JointNoise) -> None:
        super().__init__()
        self.models = models
        self.noise = noise

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base."""
        alpha, sigma = self.noise.alpha_sigma("pos", levels.per_molecule().unsqueeze(1))
        scale = sigma * self.noise.unit("pos")
        pos = torch.zeros_like(x_t.pos)
        for atoms, model in self.models.items():
            rows = x_t.num_atoms == atoms
            pos[rows, :atoms] = model.posterior_mean(x_t.pos[rows, :atoms], alpha[rows], scale[rows])
        return x_t.replace(pos=pos)


def draw_batch(models: Models, counts: Mapping[int, int], generator: torch.Generator) -> MolBatch:
    """Draw clean molecules, ``counts`` of each size, padded to the largest."""
    widest = max(counts)
    parts = [models[atoms].sample(count, generator) for atoms, count in counts.items()]
    padded = [torch.nn.functional.pad(p, (0, 0, 0, widest - p.shape[1])) for p in parts]
    sizes = torch.tensor([atoms for atoms, count in counts.items() for _ in range(count)])
    return MolBatch(mask=torch.arange(widest) < sizes.unsqueeze(1), pos=torch.cat(padded))


def true_nll(models: Models, batch: MolBatch) -> Tensor:
    """``-log p(positions | size)``, ``(B,)`` nats."""
    nll = torch.zeros(len(batch), dtype=batch.pos.dtype)
    for atoms, model in models.items():
        rows = batch.num_atoms == atoms
        nll[rows] = -model.log_prob(batch.pos[rows, :atoms])
    return nll


def assert_moments(
    pos: Tensor, model: GaussianPositions, multiple: float, variance_bias: float = 0.0
) -> None:
    """Samples have the model's mean and covariance, each number judged by its own standard error.

    Whitened by the true model, ``M`` samples have mean ``0`` and covariance ``I`` with standard errors
    ``1 / sqrt(M)`` (means and off-diagonal entries) and ``sqrt(2 / M)`` (diagonal).

    Args:
        pos: ``(M, n, 3)`` samples, angstrom.
        model: What they should follow.
        multiple: Number of standard errors allowed.
        variance_bias: Allowed on top in each entry of the whitened covariance, a share of the variance.
    """
    count, atoms, _ = pos.shape
    drift = pos.mean(dim=1).abs().max()
    assert drift < 1e-10, f"centre of mass: off by {float(drift):.1e} angstrom over {atoms} atoms"
    white = model.coordinates(pos) / model.variances.sqrt()
    identity = torch.eye(white.shape[1], dtype=white.dtype)
    covariance = white.T @ white / count - identity
    for what, error, spread, bias in (
        ("mean", white.mean(dim=0), torch.ones(white.shape[1], dtype=white.dtype), 0.0),
        ("covariance", covariance, (1 + identity).sqrt(), variance_bias),
    ):
        excess = (error.abs() - bias).clamp(min=0) / spread * math.sqrt(count)
        assert excess.max() <= multiple, (
            f"{what}: off by {float(error.abs().max()):.4f} in whitened units, "
            f"{float(excess.max()):.1f} standard errors beyond the allowed bias {bias}; allowed {multiple}"
        )
