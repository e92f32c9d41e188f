"""A new layer changes nothing, so that a trained network can be made deeper, and learns from the start."""

from __future__ import annotations

import copy

import torch

from molgen.core import MolBatch
from molgen.core.levels import NoiseLevels
from molgen.denoisers import Transformer
from molgen.nn.pair_attention import LayerSizes, PairAttentionLayer

DIMS = {"pos": 3, "atom": 5, "charge": 3, "bond": 5}


def batch(generator: torch.Generator) -> MolBatch:
    """Four random molecules of up to seven atoms, with every field."""
    sizes = torch.tensor([3, 5, 7, 2])
    mask = torch.arange(7) < sizes.unsqueeze(1)
    pairs = mask.unsqueeze(1) & mask.unsqueeze(2)
    bond = torch.randn(4, 7, 7, 5, generator=generator)
    return MolBatch(
        pos=torch.randn(4, 7, 3, generator=generator) * mask.unsqueeze(-1),
        mask=mask,
        atom=torch.randn(4, 7, 5, generator=generator) * mask.unsqueeze(-1),
        charge=torch.randn(4, 7, 3, generator=generator) * mask.unsqueeze(-1),
        bond=(bond + bond.transpose(1, 2)) * pairs.unsqueeze(-1),
    )


def network(layers: int) -> Transformer:
    torch.manual_seed(0)
    return Transformer(DIMS, width=16, layers=layers, pair_width=8, vectors=4, heads=2)


def test_a_deeper_network_begins_as_the_one_it_came_from() -> None:
    generator = torch.Generator().manual_seed(1)
    shallow = network(2)
    with torch.no_grad():
        for parameter in shallow.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    deep = copy.deepcopy(shallow)
    deep.layers.extend([PairAttentionLayer(LayerSizes(16, 8, 4, 2, 16)) for _ in range(2)])
    x = batch(generator)
    levels = NoiseLevels.uniform(torch.full((4,), 0.5), x)
    for (name, before), (_, after) in zip(shallow(x, levels).items(), deep(x, levels).items(), strict=True):
        assert torch.equal(before, after), name


def test_every_weight_of_a_new_network_learns_within_a_few_steps() -> None:
    generator = torch.Generator().manual_seed(2)
    model = network(2)
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(6):
        x = batch(generator)
        out = model(x, NoiseLevels.uniform(torch.rand(4, generator=generator), x), previous=x)
        loss = sum(value.square().mean() for _, value in out.items()) + out.bond.mean() + out.atom.mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    still = [name for name, weight in model.state_dict().items() if torch.equal(weight, before[name])]
    assert not [name for name in still if name in dict(model.named_parameters())]
