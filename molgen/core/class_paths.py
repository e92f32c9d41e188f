"""Which classes a configuration from a file would build: none but our own may be loaded from a stranger's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

OWN_PACKAGE = "molgen."


def foreign_class_paths(config: object) -> list[str]:
    """Return every ``class_path`` of a nested configuration that lies outside molgen."""
    return [path for path in _class_paths(config) if not path.startswith(OWN_PACKAGE)]


def _class_paths(config: object) -> Iterator[str]:
    if isinstance(config, Mapping):
        if "class_path" in config:
            yield str(config["class_path"])
        for value in config.values():
            yield from _class_paths(value)
    elif isinstance(config, list):
        for value in config:
            yield from _class_paths(value)
