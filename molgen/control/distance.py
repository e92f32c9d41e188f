"""How far a molecule is from the properties that were asked of it."""

from __future__ import annotations

import math
from typing import NamedTuple

from molgen.data.statistics import PropertyHistogram

CLOSE = 0.05
"""Share of a property's spread by which a molecule may miss a value and is near enough."""


class Scale(NamedTuple):
    """What is far and what is near in a property, in its unit.

    Attributes:
        spread: Standard deviation in training.
        close: Difference from a value that is near enough.
    """

    spread: float
    close: float

    @classmethod
    def of(cls, histogram: PropertyHistogram, error: float = 0.0) -> Scale:
        """Return the scale of a property that is read with a mean absolute error, of nearness no finer."""
        return cls(histogram.spread, max(CLOSE * histogram.spread, error))


class Distance(NamedTuple):
    """Way to what is asked; of two molecules the one that breaks bounds by less is nearer, then aims count.

    Attributes:
        bounds: Sum over windows and counts of the way to them, in spreads.
        aims: Sum over values of the way to what is near enough, in spreads.
    """

    bounds: float
    aims: float


NEAR = Distance(0.0, 0.0)
"""Distance of what is near enough in everything."""
FAR = Distance(math.inf, math.inf)
"""Distance of what is broken."""
