"""EGNN: what it refuses."""

from __future__ import annotations

import pytest
import torch

from molgen.core import MolBatch, NoiseLevels
from molgen.core.errors import ConfigError
from molgen.denoisers import EGNN


@pytest.mark.parametrize(
    ("dims", "width", "layers"), [({"pos": 3, "bond": 4}, 8, 1), ({"pos": 3}, 0, 1), ({"pos": 3}, 8, 0)]
)
def test_unusable_sizes_are_refused(dims: dict[str, int], width: int, layers: int) -> None:
    """Pair fields and sizes below one, with what was given."""
    with pytest.raises(ConfigError, match=f"width {width}, layers {layers}"):
        EGNN(dims, width=width, layers=layers)


def test_a_condition_is_refused() -> None:
    """Ignoring it would return unconditional molecules under a conditional name."""
    batch = MolBatch(
        mask=torch.ones(1, 2, dtype=torch.bool), pos=torch.zeros(1, 2, 3), atom=torch.zeros(1, 2, 4)
    )
    network = EGNN({"pos": 3, "atom": 4}, width=8, layers=1)
    with pytest.raises(ConfigError, match=r"no conditions; got \['gap'\]"):
        network(batch, NoiseLevels.uniform(torch.ones(1), batch), {"gap": torch.zeros(1, 1)})


def test_the_published_size_has_the_published_number_of_parameters() -> None:
    """9 layers of width 256 are about 5 million parameters."""
    network = EGNN({"pos": 3, "atom": 5, "number": 1})
    assert 5.0e6 < sum(p.numel() for p in network.parameters()) < 5.5e6
