"""The joint network with properties that molecules are asked to have (Ho and Salimans 2022, for guidance)."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from molgen.core.contracts import Condition
from molgen.denoisers.transformer import Transformer
from molgen.nn.property_embedding import PropertyEmbedding, Scale


class ConditionalTransformer(Transformer):
    """A transformer whose layers are also conditioned on properties, any subset of which may be given.

    Args:
        dims: As base.
        conditions: Property name to its mean and standard deviation over the training molecules.
        sizes: Sizes of the base, by name.

    Raises:
        ConfigError: As base, or there is no condition, or a standard deviation is not positive.
    """

    def __init__(self, dims: Mapping[str, int], conditions: dict[str, Scale], **sizes: int) -> None:
        super().__init__(dims, **sizes)
        self.embed_properties = PropertyEmbedding(conditions, self.cond_width)

    def _asked(self, size: int, cond: Condition | None) -> Tensor:
        return self.embed_properties(size, {} if cond is None else cond)
