"""Request: what a chemist asks of molecules, before any is drawn, and whether a drawn one is it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from molgen.chem.molecule import Molecule
from molgen.control.wholeness import not_whole
from molgen.core.batch import MolBatch
from molgen.core.errors import InputError
from molgen.core.tasks import Given
from molgen.core.vocab import Vocab
from molgen.data.size_prior import SizePrior
from molgen.data.statistics import TrainingStatistics
from molgen.sampling import ReverseSampler

Sizes = tuple[int, int]
"""Least and largest number of atoms, hydrogens included."""


@dataclass(frozen=True)
class Setting:
    """What requests need to know of a model.

    Attributes:
        vocab: Its alphabet.
        fields: Names of the fields that it draws.
        blank: Makes an all-zero batch of ``(B,)`` sizes.
        statistics: What is known of its training molecules.
        checkpoint: Its name, for messages.
    """

    vocab: Vocab
    fields: tuple[str, ...]
    blank: Callable[[Tensor], MolBatch]
    statistics: TrainingStatistics
    checkpoint: str


@dataclass(frozen=True)
class Draw:
    """One round of drawing.

    Attributes:
        count: Number of molecules ``B``.
        setting: The model.
        generator: Source of randomness, on the CPU.
        labels: Property name to ``(B,)`` values that are asked for.
        first: Place of the round's first molecule in the stream.
    """

    count: int
    setting: Setting
    generator: torch.Generator
    labels: Mapping[str, Tensor] = field(default_factory=dict)
    first: int = 0

    def sizes(self, prior: SizePrior) -> Tensor:
        """Draw ``(B,)`` int64 sizes from a prior, each given the properties that its molecule is asked for.

        Properties are taken as independent of each other given the size.
        """
        if not self.labels:
            return prior.sample(self.count, self.generator)
        weights = prior.probabilities * self.likelihood(prior.sizes)
        index = torch.multinomial(weights, 1, generator=self.generator).squeeze(1)
        return prior.sizes[index]

    def likelihood(self, sizes: Tensor) -> Tensor:
        """Probability of each molecule's labels in molecules of ``(S,)`` sizes, ``(B, S)`` float64."""
        likelihood = torch.ones(self.count, len(sizes), dtype=torch.float64)
        for name, values in self.labels.items():
            histogram = self.setting.statistics.properties[name]
            # Half a molecule in every bin: a value that no training molecule of a size has is not impossible.
            share = (histogram.counts + 0.5).double()
            share = share / share.sum(dim=1, keepdim=True)
            row = torch.searchsorted(histogram.sizes, sizes).clamp(max=len(histogram.sizes) - 1)
            # Of a size without labelled molecules nothing is known.
            seen = (histogram.sizes[row] == sizes).unsqueeze(1)
            rows = torch.where(seen, share[row], 1 / share.shape[1])
            known = values.isfinite().unsqueeze(1)
            likelihood *= torch.where(known, rows[:, histogram.column(values)].t(), 1.0)
        return likelihood

    def formulas_tell(self, formulas: Iterable[str]) -> bool:
        """Whether the model can be given ``formulas``, and what is asked is known of each of them."""
        statistics = self.setting.statistics
        known = self.labels.keys() <= statistics.by_formula.keys()
        return known and "bond" in self.setting.fields and statistics.formulas.keys() >= set(formulas)

    def formula_likelihood(self, formulas: Sequence[str]) -> Tensor:
        """Probability of each molecule's labels among training molecules of formulas, ``(B, F)`` float64.

        Up to a factor for each molecule. Properties are taken as independent of each other given the formula;
        values outside the range of the histogram count as those at its end.
        """
        statistics = self.setting.statistics
        molecules = torch.tensor(list(statistics.formulas.values()))
        place = {text: i for i, text in enumerate(statistics.formulas)}
        columns = [place[text] for text in formulas]
        log = torch.zeros(self.count, len(columns), dtype=torch.float64)
        for name, values in self.labels.items():
            edges = statistics.properties[name].edges
            inside = values.to(edges).clamp(edges[0], edges[-1])
            density = statistics.by_formula[name].log_density(inside, molecules)[:, columns]
            log += torch.where(values.isfinite().unsqueeze(1), density, 0.0)
        return log.softmax(dim=1)


class Request(ABC):
    """What is asked of molecules."""

    @abstractmethod
    def check(self, setting: Setting) -> None:
        """Refuse what this model cannot be asked, before anything is drawn.

        Raises:
            InputError: It cannot, for the reason that is given.
        """

    @abstractmethod
    def given(self, draw: Draw) -> Given:
        """Say what is known of ``draw.count`` molecules, and which entries are to be drawn.

        Raises:
            InputError: Nothing can be drawn that fits.
        """

    def properties(self) -> Mapping[str, float]:
        """Return what every molecule that fits has, by property name; by default nothing is known."""
        return {}

    def sampled_by(self, sampler: ReverseSampler) -> ReverseSampler:
        """Return the sampler that draws what is not given; by default the one that was chosen."""
        return sampler

    def finish(self, molecule: Molecule) -> Molecule:
        """Return a drawn molecule as the user wants it: in another frame, say; as it is by default."""
        return molecule

    def finish_row(self, molecule: Molecule, row: int) -> Molecule:
        """Finish molecule ``row`` of the stream, for requests that ask for various ones."""
        return self.finish(molecule)

    def objection(self, molecule: Molecule) -> str | None:
        """Say why a finished molecule is not what was asked, or ``None``; by default, if it is not whole."""
        return not_whole(molecule)


def fits(atoms: int, num_atoms: Sizes | None) -> bool:
    """Whether a number of atoms is in a range, if there is one."""
    return num_atoms is None or num_atoms[0] <= atoms <= num_atoms[1]


def prior_within(setting: Setting, num_atoms: Sizes | None) -> SizePrior:
    """Training sizes, cut to a range.

    Raises:
        InputError: No training molecule has such a size.
    """
    prior = setting.statistics.sizes
    return prior if num_atoms is None else prior.between(*num_atoms)


def require_bonds(setting: Setting, option: str) -> None:
    """Refuse a model that draws no bonds.

    Raises:
        InputError: It draws none.
    """
    if "bond" not in setting.fields:
        raise InputError(
            f"{option} needs a model that draws bonds; the checkpoint {setting.checkpoint!r} draws "
            f"{', '.join(setting.fields)}; use --checkpoint qm9"
        )
