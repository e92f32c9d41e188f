"""The variational bound on the negative log-likelihood, term by term (EDM, section 3.3).

``-log p(x0, N) <= KL(q(x_1|x0) || prior) + sum_t KL(q(x_s|x_t,x0) || p(x_s|x_t)) - log p(x0|x_0)
- log p(N)``, plus the change of variables of continuous fields' units. The sum over the ``T`` steps is
estimated without bias by ``T`` times one step drawn uniformly, stratified over the batch.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from molgen.core.batch import MolBatch
from molgen.core.contracts import Denoiser
from molgen.core.errors import ConfigError
from molgen.core.levels import NoiseLevels
from molgen.noise.joint import JointNoise
from molgen.noise.process import StepTimes

TERMS = ("prior", "diffusion", "reconstruction", "volume", "size")


class VariationalBound:
    """Per-molecule estimate of the bound, in nats.

    Args:
        noise: The noise process that the denoiser was trained on.
        steps: Number ``T`` of steps of the discrete chain whose bound it is.
        log_prob_size: Log-probability of a molecule's number of atoms, ``(B,) int -> (B,)``.

    Raises:
        ConfigError: ``steps`` is less than 1, or the noise has no density at ``t = 0`` or is coupled.
    """

    def __init__(self, noise: JointNoise, steps: int, log_prob_size: Callable[[Tensor], Tensor]) -> None:
        if steps < 1:
            raise ConfigError(f"the bound needs at least 1 step, got {steps}")
        if noise.coupling is not None or any(noise.processes[f].clean_at_zero for f in noise.gaussian_fields):
            raise ConfigError(
                "the bound needs Gaussian noise that is independent of the molecules and not zero at t = 0, "
                "as in configs/noise/edm.yaml; leave LikelihoodBound out of this run's callbacks"
            )
        self.noise = noise
        self.steps = steps
        self.log_prob_size = log_prob_size

    @torch.no_grad()
    def __call__(self, denoiser: Denoiser, x0: MolBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Estimate every term.

        Args:
            denoiser: Maps ``(x_t, levels)`` to ``x0_hat``.
            x0: Clean molecules with at least the noise's fields.
            generator: Source of randomness.

        Returns:
            ``{term: (B,)}`` for :data:`TERMS`, and their sum under ``"nll"``.
        """
        x0 = x0.select(self.noise.fields)
        parts = {
            "prior": self._sum(lambda f, p: p.prior_kl(x0[f], x0.entry_mask(f))),
            "diffusion": self._diffusion(denoiser, x0, generator),
            "reconstruction": self._reconstruction(denoiser, x0, generator),
            "volume": self._sum(lambda f, p: p.log_volume(x0.entry_mask(f), x0[f].shape[-1])),
            "size": -self.log_prob_size(x0.num_atoms).to(x0.pos),
        }
        parts["nll"] = torch.stack([parts[term] for term in TERMS]).sum(dim=0)
        return parts

    def _sum(self, term: Callable[..., Tensor]) -> Tensor:
        return torch.stack([term(field, process) for field, process in self.noise.processes.items()]).sum(
            dim=0
        )

    def _diffusion(self, denoiser: Denoiser, x0: MolBatch, generator: torch.Generator) -> Tensor:
        """``T`` times the KL of one step per molecule, the steps stratified over the batch."""
        offsets = torch.rand(len(x0), generator=generator, device=x0.device, dtype=torch.float64)
        strata = torch.randperm(len(x0), generator=generator, device=x0.device)
        index = ((strata + offsets) / len(x0) * self.steps).floor().clamp(max=self.steps - 1) + 1
        end = NoiseLevels.uniform(((index - 1) / self.steps).to(x0.pos), x0)
        start = NoiseLevels.uniform((index / self.steps).to(x0.pos), x0)
        x_t = self.noise.corrupt(x0, start, generator)
        x0_hat = denoiser(x_t, start)
        return self.steps * self._sum(
            lambda f, p: p.step_kl(
                x_t[f], x0_hat[f], x0[f], StepTimes(t=start[f], s=end[f]), x0.entry_mask(f)
            )
        )

    def _reconstruction(self, denoiser: Denoiser, x0: MolBatch, generator: torch.Generator) -> Tensor:
        levels = NoiseLevels.uniform(torch.zeros(len(x0), dtype=x0.pos.dtype, device=x0.device), x0)
        x_0 = self.noise.corrupt(x0, levels, generator)
        x0_hat = denoiser(x_0, levels)
        return self._sum(lambda f, p: p.reconstruction_nll(x0[f], x_0[f], x0_hat[f], x0.entry_mask(f)))
