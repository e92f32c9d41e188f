"""A protocol is data, and every name and threshold in it is checked before anything is judged."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from molgen.core.errors import ConfigError
from molgen.evaluation import applicable_protocols, load_protocol, protocols
from molgen.evaluation.protocols import ALL, QUICK, VERDICTS

EDM = Path(protocols.__file__).parent / "protocols" / "edm.yaml"


def changed(tmp_path: Path, **changes: object) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(EDM.read_text()) | changes))
    return path


def test_edm_is_shipped() -> None:
    protocol = load_protocol("edm")
    assert (protocol.name, protocol.bonds) == ("edm", "edm")
    assert protocol == load_protocol(EDM)


def test_protocols_of_own_bonds_need_them() -> None:
    for names in (VERDICTS, QUICK, ALL):
        assert [p.name for p in applicable_protocols(names, with_bonds=True)] == list(names)
        assert [p.name for p in applicable_protocols(names, with_bonds=False)] == ["edm"]


def test_every_shipped_protocol_is_asked_for_somewhere() -> None:
    assert {*QUICK, *ALL} == {path.stem for path in protocols.SHIPPED.glob("*.yaml")}


def test_a_protocol_of_ones_own(tmp_path: Path) -> None:
    protocol = load_protocol(changed(tmp_path, name="loose", checks={"connectivity": {"max_fragments": 3}}))
    assert protocol.checks == {"connectivity": {"max_fragments": 3}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metrics": ["validity", "beauty"]}, r"unknown metric \['beauty'\]; known are atom_stability"),
        ({"bonds": "guess"}, r"unknown bond rule \['guess'\]"),
        ({"checks": {"smell": {}}}, r"unknown check \['smell'\]"),
        ({"checks": {"connectivity": {}}}, r"takes exactly \['max_fragments'\]"),
        ({"checks": {"validity": {"max_fragments": 1}}}, r"takes exactly \[\]"),
        ({"thresholds": {}}, "exactly the keys"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_protocol(changed(tmp_path, **changes))


@pytest.mark.parametrize("text", ["a: [", "- 1", ""])
def test_what_is_no_protocol(tmp_path: Path, text: str) -> None:
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"own\.yaml"):
        load_protocol(tmp_path / "own.yaml")


def test_an_unknown_name_lists_those_there_are() -> None:
    message = "no protocol 'edn'; give one of bonded, distributions, edm, physical"
    with pytest.raises(ConfigError, match=message):
        load_protocol("edn")
