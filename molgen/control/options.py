"""From the words of ``molgen sample``, or the same names in Python, to a request and property targets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from molgen.chem.formula import FormulaRange
from molgen.control.formula import FormulaRequest
from molgen.control.properties import Targets
from molgen.control.request import DeNovo, Request, Sizes
from molgen.core.errors import InputError

Asked = Mapping[str, Any]
"""Option name to value; options that were not given are absent."""


def _de_novo(asked: Asked) -> Request:
    return DeNovo(read_sizes(asked.get("num_atoms")))


def _formula(asked: Asked) -> Request:
    return FormulaRequest(FormulaRange.parse(asked["formula"]), read_sizes(asked.get("num_atoms")))


STRUCTURES: Mapping[str, tuple[Callable[[Asked], Request], frozenset[str]]] = {
    "formula": (_formula, frozenset({"num_atoms"})),
}
"""Option that names a structure to what makes its request, and the further options that it understands."""

_PROPERTY_OPTIONS = frozenset({"property", "guidance"})
_DE_NOVO_OPTIONS = frozenset({"num_atoms"})


def read_asked(**asked: Any) -> tuple[Request, Targets]:  # noqa: ANN401
    """Turn what is asked into a request.

    Args:
        asked: ``formula="C7H10N2O"`` or a range ``"C5-7 N1 O0-2"``; ``num_atoms=18`` or ``"15-20"``;
            ``property="gap=0.25"`` or a list of such; ``guidance=2.0``. ``None`` is as if not given.

    Raises:
        InputError: A name is unknown, a value cannot be read, or two contradict each other.
    """
    given = {name: value for name, value in asked.items() if value is not None}
    named = [name for name in STRUCTURES if name in given]
    if len(named) > 1:
        raise InputError(f"{_words(named)} cannot be asked for together; give one of them")
    make, more = STRUCTURES[named[0]] if named else (_de_novo, _DE_NOVO_OPTIONS)
    unknown = sorted(set(given) - set(named) - more - _PROPERTY_OPTIONS)
    if unknown:
        beside = f" beside {_words(named)}" if named else ""
        accepted = sorted({*(named or STRUCTURES), *more, *_PROPERTY_OPTIONS})
        raise InputError(f"{_words(unknown)} cannot be used{beside}; accepted are {_words(accepted)}")
    return make(given), _targets(given)


def _targets(asked: Asked) -> Targets:
    texts: Sequence[str] | str = asked.get("property", [])
    if not texts and "guidance" in asked:
        raise InputError("--guidance strengthens properties; give some with --property")
    words = [texts] if isinstance(texts, str) else list(texts)
    return Targets.parse(words, float(asked.get("guidance", 1.0)))


def read_sizes(given: str | int | Sizes | None) -> Sizes | None:
    """Read a number of atoms, ``18``, or a range, ``15-20``.

    Raises:
        InputError: It is neither.
    """
    if given is None:
        return None
    text = "-".join(map(str, given)) if isinstance(given, tuple) else str(given)
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    if not match or int(match[1]) < 1 or (match[2] and int(match[2]) < int(match[1])):
        raise InputError(
            f"--num-atoms {text!r} is not a size; give a number such as 18 or a range such as 15-20"
        )
    return int(match[1]), int(match[2] or match[1])


def _words(names: Sequence[str]) -> str:
    return ", ".join("--" + name.replace("_", "-") for name in names)
