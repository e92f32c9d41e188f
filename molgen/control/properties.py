"""``--property``: values and windows that molecules are asked to have."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from molgen.chem.descriptors import DESCRIPTORS
from molgen.chem.molecule import Molecule
from molgen.control.attempts import DEFAULT_ATTEMPTS, Attempts
from molgen.control.distance import Distance, Scale
from molgen.control.request import Setting
from molgen.core.errors import InputError
from molgen.data.properties import PROPERTIES
from molgen.data.statistics import PropertyHistogram

_COUNTS = frozenset({"rings"})
"""Descriptors that are whole numbers: windows hold whole numbers of them, and values are checked too."""
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_TARGET = re.compile(rf"(\w+)=({_NUMBER})(?:(?:-|:)({_NUMBER}))?")


@dataclass(frozen=True)
class Target:
    """What is asked of one property.

    Attributes:
        name: The property.
        low: The value, or the lower end of a window.
        high: The upper end of a window; equal to ``low`` for a value.
    """

    name: str
    low: float
    high: float

    @property
    def bounds(self) -> bool:
        """Whether a molecule meets it or does not; a value, unless it is of a count, is an aim."""
        return self.low < self.high or self.name in _COUNTS

    def distance(self, found: float, scale: Scale) -> float:
        """Way from ``found`` to the window or the count, or to what is close to the value, in spreads."""
        outside = max(self.low - found, found - self.high, 0.0)
        return (outside if self.bounds else max(outside - scale.close, 0.0)) / scale.spread

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read ``gap=0.25`` or a window, ``alpha=70-80`` or ``homo=-0.25:-0.22``.

        Raises:
            InputError: It cannot be read, or the window ends before it begins.
        """
        match = _TARGET.fullmatch(text.strip())
        if match is None:
            raise InputError(
                f"--property {text!r} cannot be read; give a value such as gap=0.25, or a window such as "
                "alpha=70-80 or homo=-0.25:-0.22"
            )
        low, high = float(match[2]), float(match[3] or match[2])
        if not (math.isfinite(low) and math.isfinite(high)):
            raise InputError(f"--property {text!r}: the number is too large; give a finite one")
        if high < low:
            raise InputError(f"--property {text!r}: the window ends before it begins")
        return cls(match[1], low, high)


@dataclass(frozen=True)
class Targets:
    """What is asked of several properties at once.

    Attributes:
        targets: By property name.
        guidance: How far estimates are moved towards what is asked; 1 is the plain conditional model.
        attempts: How often a molecule that misses what is asked is drawn.
    """

    targets: Mapping[str, Target]
    guidance: float = 1.0
    attempts: Attempts = field(default_factory=Attempts)

    @classmethod
    def parse(cls, texts: Sequence[str], guidance: float = 1.0, attempts: int = DEFAULT_ATTEMPTS) -> Targets:
        """Read the words of ``--property``, ``--guidance`` and ``--attempts``.

        Raises:
            InputError: One cannot be read or is given twice, guidance is negative, or there is no attempt.
        """
        read = [Target.parse(text) for text in texts]
        twice = sorted({t.name for t in read if sum(t.name == other.name for other in read) > 1})
        if twice:
            raise InputError(f"--property gives {', '.join(twice)} twice; give each property once")
        if not 0 <= guidance < math.inf:
            raise InputError(
                f"--guidance must be 0 or more and finite, got {guidance}; 1 is the model without guidance"
            )
        return cls({target.name: target for target in read}, guidance, Attempts(attempts))

    def check(self, setting: Setting) -> list[str]:
        """Refuse properties that the model does not know; return warnings about values it has not seen.

        Raises:
            InputError: A property is unknown, or no training molecule lies in a window.
        """
        known = setting.statistics.properties
        unknown = sorted(set(self.targets) - set(known))
        if unknown:
            raise InputError(
                f"--property: the checkpoint {setting.checkpoint!r} knows no {', '.join(unknown)}; "
                f"it knows {', '.join(known) or 'none'}"
            )
        warnings = []
        for name, target in self.targets.items():
            if name in _COUNTS and math.ceil(target.low) > math.floor(target.high):
                raise InputError(
                    f"--property {name}: no whole number lies in {target.low:g} to {target.high:g}; give "
                    f"one such as {name}=2 or a window such as {name}=1-3"
                )
            low, high = known[name].range
            if target.high < low or target.low > high:
                if target.low < target.high:
                    raise InputError(
                        f"--property {name}: no training molecule lies in {target.low:g} to {target.high:g}; "
                        f"they reach from {low:g} to {high:g} {unit(name)}".rstrip()
                    )
                warnings.append(
                    f"{name}={target.low:g} lies outside the training range {low:g} to {high:g} {unit(name)}"
                    "; the model has seen no such molecule"
                )
        return warnings

    def draw(self, count: int, setting: Setting, generator: torch.Generator) -> dict[str, Tensor]:
        """Draw ``(count,)`` float32 labels by name: the value itself, or training values from the window."""
        labels = {}
        for name, target in self.targets.items():
            if target.low == target.high:
                labels[name] = torch.full((count,), target.low)
            else:
                histogram = setting.statistics.properties[name]
                draw = _whole_within if name in _COUNTS else _within
                labels[name] = draw(histogram, target, count, generator)
        return labels

    def for_molecule(self, molecule: Molecule) -> Targets:
        """Return what is asked of one finished molecule; of all the same here."""
        return self

    def objection(self, found: Mapping[str, float], readable: Collection[str]) -> str | None:
        """Say which property lies outside its window, or ``None``.

        A value is an aim that no molecule meets to the last digit, so only those of counts are checked.

        Args:
            found: What was read off a molecule.
            readable: What can be read off one; there is no objection to other properties.
        """
        for name, target in self.targets.items():
            if target.bounds and name in readable:
                if name not in found:
                    return f"its {name} could not be predicted"
                if not target.low <= found[name] <= target.high:
                    predicted = "" if name in DESCRIPTORS else ", as predicted"
                    return f"its {name} is {found[name]:.4g}{predicted}"
        return None

    def distance(self, found: Mapping[str, float], scales: Mapping[str, Scale]) -> Distance:
        """Say how far a molecule is from what is asked.

        Args:
            found: What was read off it.
            scales: Scale of every property that can be read off one; others count as met.
        """
        distances = {True: 0.0, False: 0.0}
        for name, target in self.targets.items():
            if name in scales:
                distances[target.bounds] += target.distance(found.get(name, math.inf), scales[name])
        return Distance(distances[True], distances[False])


def unit(name: str) -> str:
    """Unit of a property or descriptor, empty for none."""
    text = PROPERTIES[name].unit if name in PROPERTIES else DESCRIPTORS[name].unit
    return "" if text == "1" else text


def _whole_within(
    histogram: PropertyHistogram, target: Target, count: int, generator: torch.Generator
) -> Tensor:
    """As :func:`_within`, of whole numbers: each stands for the bins around it."""
    around = replace(target, low=math.ceil(target.low) - 0.5, high=math.floor(target.high) + 0.5)
    drawn = _within(histogram, around, count, generator)
    return drawn.round().clamp(math.ceil(target.low), math.floor(target.high))


def _within(histogram: PropertyHistogram, target: Target, count: int, generator: torch.Generator) -> Tensor:
    """Draw from the histogram over all sizes, cut to the window; uniform inside a bin."""
    low = histogram.edges[:-1].clamp(min=target.low)
    high = histogram.edges[1:].clamp(max=target.high)
    share = (high - low).clamp(min=0) / histogram.edges.diff()
    weights = histogram.counts.sum(dim=0) * share + 1e-9 * (share > 0)
    if not weights.any():
        # Among the rare values outside the bins: nothing is known but their range.
        low = torch.tensor([max(target.low, histogram.range[0])], dtype=torch.float64)
        high = torch.tensor([min(target.high, histogram.range[1])], dtype=torch.float64)
        weights = torch.ones(1)
    index = torch.multinomial(weights, count, replacement=True, generator=generator)
    place = torch.rand(count, generator=generator, dtype=torch.float64)
    return (low[index] + place * (high[index] - low[index])).float()
