"""Vocab: which elements and charges there are, and in which column."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from molgen.core import Vocab
from molgen.core.errors import InputError
from molgen.core.vocab import ATOMIC_NUMBERS

ELEMENTS = st.lists(st.sampled_from(sorted(ATOMIC_NUMBERS)), min_size=1, max_size=12, unique=True)


def test_atomic_numbers_are_the_periodic_table() -> None:
    """Landmarks that a missing or doubled symbol would shift."""
    landmarks = {"H": 1, "Ne": 10, "Ar": 18, "Zn": 30, "Kr": 36, "Ag": 47, "I": 53, "Xe": 54}
    assert {symbol: ATOMIC_NUMBERS[symbol] for symbol in landmarks} == landmarks


@given(ELEMENTS)
def test_element_index_inverts_atomic_numbers(elements: list[str]) -> None:
    """Column i belongs to element i, in the order given; padding maps to column 0."""
    vocab = Vocab(elements)
    numbers = torch.tensor([*vocab.atomic_numbers, 0])
    assert vocab.element_index(numbers).tolist() == [*range(len(elements)), 0]
    assert vocab.num_elements == len(elements)


def test_charge_index_follows_the_given_order() -> None:
    """Charge 0 is a value like the others, not padding."""
    vocab = Vocab(["C"], charges=[0, 1, -1])
    assert vocab.charge_index(torch.tensor([[-1, 0], [1, 0]])).tolist() == [[2, 0], [1, 0]]
    assert vocab.num_charges == 3


def test_unknown_values_are_named() -> None:
    """The message gives the offending value and the alphabet."""
    vocab = Vocab(["H", "C"])
    with pytest.raises(InputError, match=r"atomic number 8 is not in the vocabulary \[1, 6\]"):
        vocab.element_index(torch.tensor([1, 8]))
    with pytest.raises(InputError, match=r"formal charge 2 is not in the vocabulary \[-1, 0, 1\]"):
        vocab.charge_index(torch.tensor([2]))


@pytest.mark.parametrize("elements", [[], ["C", "C"], ["C", "Unobtainium"]])
def test_unusable_elements_are_refused(elements: list[str]) -> None:
    """None, repeated or unknown elements; the message shows an example of good ones."""
    with pytest.raises(InputError, match=r"distinct element symbols up to Xe, such as \[H, C, N, O, F\]"):
        Vocab(elements)


@pytest.mark.parametrize("charges", [[], [1, -1], [0, 0]])
def test_unusable_charges_are_refused(charges: list[int]) -> None:
    """Charge 0 must be there, once."""
    with pytest.raises(InputError, match="must be distinct and contain 0"):
        Vocab(["C"], charges)


def test_equality_is_that_of_columns() -> None:
    """Order matters; repr rebuilds an equal vocabulary with an equal hash."""
    vocab = Vocab(["H", "C"], charges=[0, 1])
    rebuilt = eval(repr(vocab), {"Vocab": Vocab})
    assert rebuilt == vocab
    assert hash(rebuilt) == hash(vocab)
    assert vocab != Vocab(["C", "H"], charges=[0, 1])
    assert vocab != Vocab(["H", "C"], charges=[1, 0])
    assert vocab != "H C"
