"""Typed errors: one base for the command line to catch, and nothing built in behind it."""

from __future__ import annotations

import inspect

import pytest

from molgen.core import errors

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind is not errors.MolgenError]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_a_molgen_error_with_its_message(kind: type[Exception]) -> None:
    """``str(error)`` is the message, without quotes or a type name."""
    error = kind("what was given")
    assert isinstance(error, errors.MolgenError)
    assert not isinstance(error, (ValueError, KeyError, RuntimeError))
    assert str(error) == "what was given"


def test_the_module_is_not_empty() -> None:
    """The parametrisation above has something to run on."""
    assert len(KINDS) >= 8
