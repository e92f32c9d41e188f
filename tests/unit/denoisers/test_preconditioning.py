"""EpsilonDenoiser: units in, noise out, x0_hat to the caller."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch

from molgen.core import LevelSupport, MolBatch, Network, NoiseLevels, Symmetry, Vocab
from molgen.core.contracts import Condition
from molgen.core.errors import ConfigError
from molgen.core.geometry import centre
from molgen.denoisers import EpsilonDenoiser, JointDenoiser, Transformer
from molgen.noise import JointNoise, LinearSchedule, PositionNoise


class Oracle(Network):
    """Returns a given noise, and remembers what it was shown."""

    symmetry = Symmetry.SE3
    level_support = LevelSupport.PER_ENTRY

    def __init__(self, dims: Mapping[str, int]) -> None:
        super().__init__()
        self.dims = dims
        self.eps: MolBatch | None = None
        self.seen: MolBatch | None = None
        self.cond: Condition | None = None

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """Hand out the noise."""
        assert self.eps is not None
        self.seen, self.cond = x_t, cond
        return self.eps


def random_batch(noise: JointNoise, generator: torch.Generator) -> MolBatch:
    """Three molecules in noise units, centred and masked."""
    batch = noise.template(torch.tensor([4, 1, 2]), torch.float64)
    drawn = batch.map(lambda _, v: torch.randn(v.shape, generator=generator, dtype=v.dtype)).masked()
    return drawn.replace(pos=centre(drawn.pos, drawn.mask))


@pytest.mark.parametrize("per_entry", [False, True])
def test_the_true_noise_gives_the_true_molecule(
    noise: JointNoise, generator: torch.Generator, per_entry: bool
) -> None:
    """x_t = alpha x0 + sigma unit eps is solved for x0 exactly, entry by entry, and padding stays zero."""
    x0, eps = random_batch(noise, generator), random_batch(noise, generator)
    levels = NoiseLevels.uniform(torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64), x0)
    if per_entry:
        draw = torch.rand(x0.mask.shape, generator=generator, dtype=torch.float64)
        levels = NoiseLevels({name: draw for name in levels.times})
    denoiser = EpsilonDenoiser(noise, Oracle)
    denoiser.network.eps = eps
    shares = {name: noise.alpha_sigma(name, levels[name].unsqueeze(-1)) for name in noise.dims}
    x_t = x0.map(lambda n, v: shares[n][0] * v + shares[n][1] * noise.unit(n) * eps[n])
    x0_hat = denoiser(x_t, levels)
    for name, value in x0_hat.items():
        torch.testing.assert_close(value, x0[name])
        assert not value[~x0.mask].any()


def test_the_network_sees_noise_units_and_the_condition(
    noise: JointNoise, generator: torch.Generator
) -> None:
    """EDM's one-hots arrive divided by 4 and nuclear charges by 10; conditions pass through."""
    denoiser = EpsilonDenoiser(noise, Oracle)
    oracle = denoiser.network
    x_t = random_batch(noise, generator)
    oracle.eps = x_t
    cond = {"gap": torch.ones(3, 1)}
    denoiser(x_t, NoiseLevels.uniform(torch.full((3,), 0.5, dtype=torch.float64), x_t), cond)
    torch.testing.assert_close(oracle.seen["atom"], x_t["atom"] / 4)
    torch.testing.assert_close(oracle.seen["number"], x_t["number"] / 10)
    assert oracle.cond is cond


def test_it_declares_what_its_network_declares(noise: JointNoise) -> None:
    """Symmetry, support of levels, and the widths that the noise gives."""
    denoiser = EpsilonDenoiser(noise, Oracle)
    assert denoiser.symmetry is Symmetry.SE3
    assert denoiser.level_support is LevelSupport.PER_ENTRY
    assert denoiser.network.dims == {"pos": 3, "atom": 5, "number": 1}


def test_the_joint_denoiser_refuses_gaussian_categories(noise: JointNoise) -> None:
    """EDM's noise is Gaussian on elements too, which the joint network does not expect."""
    with pytest.raises(ConfigError, match=r"Gaussian here are \['pos', 'atom', 'number'\]"):
        JointDenoiser(noise, lambda dims: Transformer(dims, width=16, layers=1, heads=2))


def test_noise_alone_at_the_end_says_nothing_of_molecules(vocab: Vocab) -> None:
    """``x0_hat = (x_t - sigma eps) / alpha`` would divide by zero at ``t = 1``."""
    noise = JointNoise(vocab, {"pos": PositionNoise(LinearSchedule())})
    with pytest.raises(ConfigError, match=r"needs signal at t = 1.*\['pos'\]"):
        EpsilonDenoiser(noise, Oracle)
