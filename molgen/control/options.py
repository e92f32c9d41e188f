"""From the words of ``molgen sample``, or the same names in Python, to a request and property targets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from molgen.chem.formula import FormulaRange
from molgen.control.analogue import DEFAULT_STRENGTH, AnalogueRequest
from molgen.control.attachment import read_scaffold
from molgen.control.attempts import DEFAULT_ATTEMPTS
from molgen.control.conformers import ConformerRequest
from molgen.control.de_novo import DeNovo
from molgen.control.formula import FormulaRequest
from molgen.control.formula_scaffold import FormulaScaffoldRequest
from molgen.control.parents import read_parents
from molgen.control.properties import Targets
from molgen.control.replacement import ByReplacement
from molgen.control.request import Request, Sizes
from molgen.control.scaffold import ScaffoldRequest
from molgen.core.errors import InputError
from molgen.sampling.replacement import DEFAULT_RESAMPLE

Asked = Mapping[str, Any]
"""Option name to value; options that were not given are absent."""
WAYS = ("levels", "replacement")
"""How a scaffold is kept: as the model was trained to, or put in place at every step."""


def _de_novo(asked: Asked) -> Request:
    return DeNovo(read_sizes(asked.get("num_atoms")))


def _formula(asked: Asked) -> FormulaRequest:
    return FormulaRequest(FormulaRange.parse(str(asked["formula"])), read_sizes(asked.get("num_atoms")))


def _smiles(asked: Asked) -> Request:
    return ConformerRequest(str(asked["smiles"]))


def _like(asked: Asked) -> Request:
    strength = read_number("strength", asked.get("strength", DEFAULT_STRENGTH))
    return AnalogueRequest(read_parents(asked["like"]), strength)


def _scaffold(asked: Asked) -> Request:
    scaffold = read_scaffold(asked["scaffold"], asked.get("attach"), asked.get("scaffold_smarts"))
    if "formula" in asked:
        return _by(asked, FormulaScaffoldRequest(scaffold, _formula(asked)))
    return _by(asked, ScaffoldRequest(scaffold, read_sizes(asked.get("num_atoms"))))


def _by(asked: Asked, request: ScaffoldRequest) -> Request:
    """Read how a scaffold is kept.

    Raises:
        InputError: The way is unknown, or steps shall be repeated that are not.
    """
    way = asked.get("by", WAYS[0])
    if way not in WAYS:
        raise InputError(f"--by {way} is unknown; give {' or '.join(WAYS)}")
    if way == "replacement":
        return ByReplacement(request, read_count("resample", asked.get("resample", DEFAULT_RESAMPLE)))
    if "resample" in asked:
        raise InputError("--resample repeats the steps of --by replacement; give that too")
    return request


STRUCTURES: Mapping[str, tuple[Callable[[Asked], Request], frozenset[str]]] = {
    "formula": (_formula, frozenset({"num_atoms"})),
    "like": (_like, frozenset({"strength"})),
    "scaffold": (
        _scaffold,
        frozenset({"attach", "by", "formula", "num_atoms", "resample", "scaffold_smarts"}),
    ),
    "smiles": (_smiles, frozenset()),
}
"""Option that names a structure to what makes its request, and the further options that it understands."""

_PROPERTY_OPTIONS = frozenset({"property", "guidance", "attempts"})
_DE_NOVO_OPTIONS = frozenset({"num_atoms"})

OPTIONS: tuple[str, ...] = tuple(
    sorted(
        {*STRUCTURES, *_PROPERTY_OPTIONS, *_DE_NOVO_OPTIONS}.union(*(more for _, more in STRUCTURES.values()))
    )
)
"""All names that :func:`read_asked` knows."""


def read_asked(**asked: Any) -> tuple[Request, Targets]:  # noqa: ANN401
    """Turn what is asked into a request.

    Args:
        asked: ``formula="C7H10N2O"`` or a range ``"C5-7 N1 O0-2"``; ``num_atoms=18`` or ``"15-20"``;
            ``like=`` a path, a SMILES or molecules, with ``strength=0.4``;
            ``scaffold=`` a path, a molecule or several in one frame, with ``attach="3,7"`` and
            ``scaffold_smarts="c1ccccc1"``, ``formula=`` of the whole molecule, and, for models that were not
            trained to keep one, ``by="replacement"`` with ``resample=5``;
            ``property="gap=0.25"`` or a list of such; ``guidance=2.0``, ``attempts=8``.
            ``None`` is as if not given.

    Raises:
        InputError: A name is unknown, a value cannot be read, or two contradict each other.
    """
    given = {name: value for name, value in asked.items() if value is not None}
    present = [name for name in STRUCTURES if name in given]
    named = [name for name in present if not any(name in STRUCTURES[other][1] for other in present)]
    if len(named) > 1:
        raise InputError(f"{_words(named)} cannot be asked for together; give one of them")
    make, more = STRUCTURES[named[0]] if named else (_de_novo, _DE_NOVO_OPTIONS)
    unknown = sorted(set(given) - set(named) - more - _PROPERTY_OPTIONS)
    if unknown and not named:
        _require_owner(unknown[0])
    if unknown:
        beside = f" beside {_words(named)}" if named else ""
        accepted = sorted({*(named or STRUCTURES), *more, *_PROPERTY_OPTIONS})
        raise InputError(f"{_words(unknown)} cannot be used{beside}; accepted are {_words(accepted)}")
    return make(given), _targets(given)


def _require_owner(name: str) -> None:
    """Refuse an option that means something only beside another one, and say which.

    Raises:
        InputError: It is such an option.
    """
    owners = [structure for structure, (_, more) in STRUCTURES.items() if name in more]
    if owners:
        raise InputError(f"{_words([name])} is understood only beside {_words(owners)}; give that too")


def _targets(asked: Asked) -> Targets:
    texts: Sequence[str] | str = asked.get("property", [])
    for name, does in (("guidance", "strengthens"), ("attempts", "is about missed")):
        if not texts and name in asked:
            raise InputError(f"{_words([name])} {does} properties; give some with --property")
    words = [texts] if isinstance(texts, str) else list(texts)
    guidance = read_number("guidance", asked.get("guidance", 1.0))
    return Targets.parse(words, guidance, read_count("attempts", asked.get("attempts", DEFAULT_ATTEMPTS)))


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


def read_number(name: str, given: object) -> float:
    """Read the number of an option.

    Raises:
        InputError: It is none.
    """
    try:
        return float(str(given))
    except ValueError as error:
        raise InputError(f"{_words([name])} needs a number, got {given!r}") from error


def read_count(name: str, given: object) -> int:
    """Read the whole number of an option.

    Raises:
        InputError: It is none.
    """
    try:
        return int(str(given))
    except ValueError as error:
        raise InputError(f"{_words([name])} needs a whole number, got {given!r}") from error


def _words(names: Sequence[str]) -> str:
    return ", ".join("--" + name.replace("_", "-") for name in names)
