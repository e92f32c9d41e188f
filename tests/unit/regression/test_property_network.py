"""What the property network owes to physics: what changes nothing, what it can tell, how sums grow."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from molgen.core import MolBatch, Vocab
from molgen.core.errors import ConfigError
from molgen.core.geometry import centre, random_orthogonal
from molgen.regression import AtomSum, AttentionMean, BesselBasis, DipoleLength, PropertyNetwork

TOLERANCE = 1e-9  # in readout spreads: what rounding in float64 may cause
RESPONSE = 1e-7  # smallest change that counts as a reaction of a network with fresh weights
SPREADS = {"mu": 1.5, "alpha": 3.0, "homo": 0.02}


def difference(first: dict[str, Tensor], second: dict[str, Tensor]) -> float:
    """Largest deviation in readout spreads."""
    return max(((first[n] - second[n]).abs().max() / s).item() for n, s in SPREADS.items())


def of(kinds: list[int], pos: list[list[float]]) -> MolBatch:
    """One molecule in float64; kinds are columns of H C N O F."""
    mask = torch.ones(1, len(kinds), dtype=torch.bool)
    atom = torch.nn.functional.one_hot(torch.tensor([kinds]), 5).double()
    return MolBatch(mask=mask, pos=centre(torch.tensor([pos], dtype=torch.float64), mask), atom=atom)


def test_moving_turning_and_reflecting_change_nothing(
    network: PropertyNetwork, molecules: MolBatch, generator: torch.Generator
) -> None:
    for _ in range(4):
        matrix = random_orthogonal(1, generator, torch.float64)[0]
        shift = torch.randn(4, 1, 3, generator=generator, dtype=torch.float64)
        turned = molecules.rotate(matrix)
        moved = turned.replace(pos=turned.pos + 5 * shift).masked()
        assert difference(network(molecules), network(moved)) < TOLERANCE


def test_renumbering_changes_nothing(
    network: PropertyNetwork, molecules: MolBatch, generator: torch.Generator
) -> None:
    order = torch.stack([torch.randperm(9, generator=generator) for _ in range(4)])
    assert difference(network(molecules), network(molecules.permute(order))) < TOLERANCE


def test_padding_and_company_change_nothing(network: PropertyNetwork, molecules: MolBatch) -> None:
    together = network(molecules.pad_to(14))
    alone = [network(molecule) for molecule in molecules]
    assert difference(together, {n: torch.cat([each[n] for each in alone]) for n in together}) < TOLERANCE


def test_moving_one_atom_changes_every_property(network: PropertyNetwork, molecules: MolBatch) -> None:
    pos = molecules.pos.clone()
    pos[:, 0] += torch.tensor([0.3, -0.2, 0.4])
    changed = network(molecules.replace(pos=pos))
    for name, before in network(molecules).items():
        assert (changed[name] - before)[[0, 1, 3]].abs().min() / SPREADS[name] > RESPONSE


def test_an_angle_beyond_the_cutoff_of_its_ends_is_seen(
    build_network: Callable[..., PropertyNetwork],
) -> None:
    """The ends are 1.5 angstrom from the middle and further than the cutoff of 2 from each other."""
    network = build_network(cutoff=2.0).double()
    bent = of([1, 3, 2], [[1.5, 0, 0], [0, 0, 0], [-0.3, 1.47, 0]])
    straight = of([1, 3, 2], [[1.5, 0, 0], [0, 0, 0], [-1.5, 0, 0]])
    first, second = network(bent), network(straight)
    assert min((first[n] - second[n]).abs().item() / s for n, s in SPREADS.items()) > RESPONSE


def test_sums_double_and_means_stay_for_two_copies_far_apart(
    network: PropertyNetwork, molecules: MolBatch
) -> None:
    single = molecules.rows(0, 1)
    pair = MolBatch(
        mask=single.mask.repeat(1, 2),
        pos=torch.cat([single.pos - 50, single.pos + 50], dim=1),
        atom=single["atom"].repeat(1, 2, 1),
    )
    one, two = network(single), network(pair)
    assert two["alpha"].item() == pytest.approx(2 * one["alpha"].item(), rel=1e-9)
    assert two["homo"].item() == pytest.approx(one["homo"].item(), rel=1e-9)


def test_a_molecule_with_an_inversion_centre_has_no_dipole(network: PropertyNetwork) -> None:
    """What is left is the softening of the length, a thousandth of the spread."""
    half = torch.tensor([[0.6, 0.1, 0.0], [1.4, 0.9, 0.5], [0.2, -1.2, 0.8]], dtype=torch.float64)
    symmetric = of([1, 3, 0, 1, 3, 0], torch.cat([half, -half]).tolist())
    lopsided = of([1, 3, 0, 1, 3, 2], torch.cat([half, -half]).tolist())
    assert network(symmetric)["mu"].item() == pytest.approx(1.5e-3, rel=1e-6)
    assert network(lopsided)["mu"].item() > 3e-3


def test_errors_are_those_of_known_labels(network: PropertyNetwork, molecules: MolBatch) -> None:
    predicted = network(molecules)
    labels = {name: value + torch.tensor([0.5, torch.nan, -0.25, 1.0]) for name, value in predicted.items()}
    for error in network.errors(molecules.labelled(labels)).values():
        assert error.tolist() == pytest.approx([0.5, 0.25, 1.0])


def test_what_does_not_fit_is_refused(vocab: Vocab) -> None:
    basis = BesselBasis(4, 3.0)
    with pytest.raises(ConfigError, match="reference values of 2 elements"):
        PropertyNetwork(vocab, {"alpha": AtomSum(1.0, [1.0, 2.0])}, basis)
    with pytest.raises(ConfigError, match="needs readouts"):
        PropertyNetwork(vocab, {}, basis)
    with pytest.raises(ConfigError, match="even width"):
        PropertyNetwork(vocab, {"homo": AttentionMean(1.0, 0.0)}, basis, width=15)
    with pytest.raises(ConfigError, match="positive std"):
        DipoleLength(0.0)
