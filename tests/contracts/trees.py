"""Random clean molecules with bonds, for tests of tasks: trees of heavy atoms and hydrogens."""

from __future__ import annotations

import torch

from molgen.core import MolBatch
from molgen.core.geometry import centre


def random_trees(sizes: list[int], generator: torch.Generator) -> MolBatch:
    """Every atom but the first is bonded to one before it; positions are random, off the origin."""
    mask = torch.arange(max(sizes)) < torch.tensor(sizes).unsqueeze(1)
    count, atoms = mask.shape
    order = torch.zeros(count, atoms, atoms, dtype=torch.int64)
    for atom in range(1, atoms):
        parent = torch.randint(0, atom, (count,), generator=generator)
        order[torch.arange(count), atom, parent] = torch.randint(1, 4, (count,), generator=generator)
    bond = torch.nn.functional.one_hot(order + order.mT, 4).double()
    kinds = torch.randint(0, 5, mask.shape, generator=generator)
    charges = torch.randint(0, 3, mask.shape, generator=generator)
    pos = torch.randn(*mask.shape, 3, generator=generator, dtype=torch.float64)
    return MolBatch(
        mask=mask,
        pos=centre(2 * pos, mask) + 0.7 * mask.unsqueeze(-1),
        atom=torch.nn.functional.one_hot(kinds, 5).double(),
        charge=torch.nn.functional.one_hot(charges, 3).double(),
        number=1.0 + kinds.unsqueeze(-1).double(),
        bond=bond,
    ).masked()
