"""Sizes follow the training set, given what is asked; what no model can draw is refused."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest
import scipy.stats
import torch
from torch import Tensor

from molgen.control import DeNovo, Draw, Setting
from molgen.control.request import require_bonds
from molgen.core.errors import InputError
from molgen.core.formula import formula_counts, hill
from molgen.core.tasks import Given
from molgen.data.statistics import PropertyByFormula

DRAWS = 20_000
SIZES = {3: 200, 5: 300, 9: 500}
FORMULAS = {"CH4": 6, "C2H6": 3, "C2H6O": 1, "H2O": 2, "C2H4": 4}
COUNTS = [[30, 10, 0, 0], [10, 10, 10, 10], [0, 0, 10, 30]]
"""Those of the hand-made setting, by size and bin of the gap."""


@pytest.fixture(autouse=True)
def statistics_are_those_written_here(setting: Setting) -> None:
    assert setting.statistics.sizes.counts == SIZES
    assert [*setting.statistics.formulas.items()] == [*FORMULAS.items()]
    assert setting.statistics.properties["gap"].counts.tolist() == COUNTS


def assert_shares(sizes: Tensor, expected: dict[int, float]) -> None:
    """Within five standard errors of a binomial share."""
    assert set(sizes.tolist()) <= set(expected)
    for size, share in expected.items():
        found = (sizes == size).double().mean().item()
        error = (share * (1 - share) / len(sizes)) ** 0.5
        assert abs(found - share) <= 5 * error + 1e-9, (size, found, share)


def bayes(column: int, sizes: tuple[int, ...] = (3, 5, 9)) -> dict[int, float]:
    """``p(size | bin)`` from the counts, with half a molecule added to every bin."""
    joint = {}
    for row, size in zip(COUNTS, SIZES, strict=True):
        if size in sizes:
            joint[size] = SIZES[size] * (row[column] + 0.5) / (sum(row) + 0.5 * len(row))
    return {size: weight / sum(joint.values()) for size, weight in joint.items()}


def test_without_labels_sizes_are_those_of_training(setting: Setting, generator: torch.Generator) -> None:
    given = DeNovo().given(Draw(DRAWS, setting, generator))
    assert_shares(given.molecules.num_atoms, {3: 0.2, 5: 0.3, 9: 0.5})
    assert not given.molecules_matter


@pytest.mark.parametrize(("value", "column"), [(0.05, 0), (0.15, 1), (0.35, 3), (-7.0, 0), (7.0, 3)])
def test_sizes_follow_the_property(
    value: float, column: int, setting: Setting, generator: torch.Generator
) -> None:
    """Values outside the range count as those at its end."""
    draw = Draw(DRAWS, setting, generator, {"gap": torch.full((DRAWS,), value)})
    assert_shares(DeNovo().given(draw).molecules.num_atoms, bayes(column))


def test_each_molecule_has_its_own_property(setting: Setting, generator: torch.Generator) -> None:
    values = torch.tensor([0.05, 0.35, torch.nan]).repeat(DRAWS)
    sizes = Draw(len(values), setting, generator, {"gap": values}).sizes(setting.statistics.sizes)
    assert_shares(sizes[0::3], bayes(0))
    assert_shares(sizes[1::3], bayes(3))
    assert_shares(sizes[2::3], {3: 0.2, 5: 0.3, 9: 0.5})


def test_two_properties_are_independent_given_the_size(setting: Setting, generator: torch.Generator) -> None:
    labels = {"gap": torch.full((DRAWS,), 0.15), "tpsa": torch.full((DRAWS,), 0.15)}
    once = bayes(1)
    prior = {size: count / 1000 for size, count in SIZES.items()}
    joint = {size: once[size] ** 2 / prior[size] for size in prior}
    expected = {size: weight / sum(joint.values()) for size, weight in joint.items()}
    sizes = DeNovo().given(Draw(DRAWS, setting, generator, labels)).molecules.num_atoms
    assert_shares(sizes, expected)


def test_a_range_of_sizes_cuts_and_keeps_proportions(setting: Setting, generator: torch.Generator) -> None:
    plain = DeNovo((4, 9)).given(Draw(DRAWS, setting, generator))
    assert_shares(plain.molecules.num_atoms, {5: 0.375, 9: 0.625})
    labelled = Draw(DRAWS, setting, generator, {"gap": torch.full((DRAWS,), 0.35)})
    assert_shares(DeNovo((3, 5)).given(labelled).molecules.num_atoms, bayes(3, (3, 5)))


def test_the_same_seed_gives_the_same_sizes(setting: Setting) -> None:
    def sizes(seed: int) -> Tensor:
        source = torch.Generator().manual_seed(seed)
        labels = {"gap": torch.full((50,), 0.15)}
        return DeNovo().given(Draw(50, setting, source, labels)).molecules.num_atoms

    assert torch.equal(sizes(1), sizes(1)) and not torch.equal(sizes(1), sizes(2))


def test_sizes_that_no_training_molecule_has(setting: Setting) -> None:
    DeNovo((1, 3)).check(setting)
    with pytest.raises(InputError, match=r"has 10 to 20 atoms, .* nearest to it: 9"):
        DeNovo((10, 20)).check(setting)


def formulas_drawn(given: Given, setting: Setting) -> Counter[str]:
    """Count the formulas of given elements."""
    atoms = given.molecules.atom.sum(dim=1).long().tolist()
    return Counter(hill(dict(zip(setting.vocab.elements, row, strict=True))) for row in atoms)


@pytest.fixture
def telling(setting: Setting) -> Setting:
    """Gaps of 0.1, 0.2 ... by formula."""
    means = 0.1 * torch.arange(1, len(FORMULAS) + 1, dtype=torch.float64)
    gaps = PropertyByFormula(means, torch.full_like(means, 0.1))
    return replace(setting, statistics=replace(setting.statistics, by_formula={"gap": gaps}))


def test_formulas_follow_the_property(telling: Setting, generator: torch.Generator) -> None:
    """By Bayes' rule, those of the asked size alone; each molecule by its own value."""
    labels = {"gap": torch.tensor([0.2, 9.0, torch.nan]).repeat(DRAWS)}
    for num_atoms in (None, (5, 8)):
        given = DeNovo(num_atoms).given(Draw(3 * DRAWS, telling, generator, labels))
        assert given.free.keys() >= {"pos", "bond"} and not given.free["atom"].any()
        fitting = {
            f: (n, 0.1 * (i + 1))
            for i, (f, n) in enumerate(FORMULAS.items())
            if num_atoms is None or 5 <= sum(formula_counts(f).values()) <= 8
        }
        assert 1 < len(fitting) and (num_atoms is None) == (len(fitting) == len(FORMULAS))
        for start, value in enumerate((0.2, 9.0, None)):
            weights = {f: n * density(value, n, mean) for f, (n, mean) in fitting.items()}
            rows = torch.arange(start, 3 * DRAWS, 3)
            found = formulas_drawn(given.take(rows), telling)
            assert found.keys() <= fitting.keys()
            for formula, weight in weights.items():
                share = weight / sum(weights.values())
                error = (share * (1 - share) / DRAWS) ** 0.5
                assert abs(found[formula] / DRAWS - share) <= 5 * error + 1e-9


def density(value: float | None, molecules: int, mean: float) -> float:
    """Student's t of values cut to 0.4, with the tails of so few molecules; 1 where no value is asked."""
    if value is None:
        return 1.0
    freedom = molecules + 5
    scale = 0.1 * math.sqrt(1 + 1 / freedom)
    return float(scipy.stats.t.pdf(min(value, 0.4), freedom, mean, scale))


def test_formulas_are_left_alone_where_they_tell_nothing(
    telling: Setting, generator: torch.Generator
) -> None:
    """Nothing asked, a property that is not known by formula, or a model that cannot be given formulas."""
    gap = {"gap": torch.full((5,), 0.2)}
    blind = replace(telling, fields=("pos", "atom"))
    for setting, labels in ((telling, {}), (telling, {**gap, "tpsa": gap["gap"]}), (blind, gap)):
        assert not DeNovo().given(Draw(5, setting, generator, labels)).free


def test_a_model_without_bonds_is_named(setting: Setting, without_bonds: Setting) -> None:
    require_bonds(setting, "--formula")
    with pytest.raises(
        InputError, match="--formula needs a model that draws bonds; the checkpoint 'handmade'"
    ):
        require_bonds(without_bonds, "--formula")


def test_of_a_size_without_labelled_molecules_nothing_is_known(
    setting: Setting, generator: torch.Generator
) -> None:
    """Its likelihood is the same for every value, not that of the next larger size."""
    draw = Draw(2, setting, generator, {"gap": torch.tensor([0.05, 0.35])})
    unseen = draw.likelihood(torch.tensor([4, 6, 700]))
    assert unseen.unique().numel() == 1
    seen = draw.likelihood(torch.tensor([3]))
    assert seen[0, 0] != seen[1, 0]
