"""YAML with a place for every value, for front matter and the options of directives.

The dialect is the core schema of YAML 1.2, so that ``no`` is a word, ``1e-3`` a number and ``010``
ten. Dates are known. Anchors, aliases and explicit tags are not: a value stands where it is used.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from stillroom.diagnostics import Location

Place = Callable[[int, int], Location]  # (line, column) in the YAML text, from 0, to a file's place


class YamlError(Exception):
    """The text is not the YAML we read; `location` is where."""

    def __init__(self, message: str, location: Location) -> None:
        super().__init__(message)
        self.location = location


@dataclass(frozen=True, slots=True)
class Located:
    """A value and where its parts stand.

    Attributes:
        value: mappings, lists, texts, numbers, booleans, dates and None.
        keys: dotted path (``params.sizes.0``) to its key, or for an item of a list to the item.
        values: dotted path to the first character of the value, inside quotes if it has them.
    """

    value: Any
    keys: Mapping[str, Location]
    values: Mapping[str, Location]


class _Loader(Reader, Scanner, Parser, Composer, BaseResolver):
    """PyYAML's composer with the scalars of YAML 1.2."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)


_SCALARS = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
    "timestamp": (r"\d{4}-\d\d-\d\d([Tt ]\S.*)?", list("0123456789")),
}
_TAG = "tag:yaml.org,2002:"
for _name, (_pattern, _first) in _SCALARS.items():
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(rf"(?:{_pattern})\Z"), _first)


# What authors do most often, in other words than PyYAML's.
_PLAIN = {
    "mapping values are not allowed here": "a text with a colon in it needs quotes around it",
    "found character '\\t' that cannot start any token": "indent with spaces, not with tabs",
    "found unexpected end of stream": "a quote is never closed",
}


def load(text: str, place: Place) -> Located:
    """Read one YAML document.

    Args:
        text: the document.
        place: maps a line and a column of `text`, both from 0, to a place in a file.

    Raises:
        YamlError: the text is not YAML, or uses anchors, tags or a key twice.
    """
    builder = _Builder(place)
    try:
        node = _Loader(text).get_single_node()
        value = builder.build(node, "") if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = place(mark.line, mark.column) if mark else place(0, 0)
        problem = error.problem or error.context or "not valid YAML"
        raise YamlError(_PLAIN.get(problem, problem), where) from error
    except ReaderError as error:
        before = text[: int(error.position)]
        column = len(before) - (before.rfind("\n") + 1)
        raise YamlError("a control character", place(before.count("\n"), column)) from error
    except RecursionError as error:
        raise YamlError("nested too deeply", place(0, 0)) from error
    return Located(value, builder.keys, builder.values)


class _Builder:
    """Values of nodes, and where they stand."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.keys: dict[str, Location] = {}
        self.values: dict[str, Location] = {}
        self.seen: set[int] = set()

    def build(self, node: yaml.Node, path: str) -> Any:
        """The value of a node; `path` is its dotted path."""
        where = self.at(node)
        if id(node) in self.seen:
            raise YamlError("anchors and aliases are not supported", where)
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            self.values[path] = where
            return dict(self.pairs(node, path))
        if isinstance(node, yaml.SequenceNode):
            self.values[path] = where
            return [self.item(item, _join(path, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        quoted = node.style in {"'", '"'}
        self.values[path] = Location(where.path, where.line, where.column + quoted)
        return _scalar(node, where)

    def at(self, node: yaml.Node) -> Location:
        return self.place(node.start_mark.line, node.start_mark.column)

    def item(self, node: yaml.Node, path: str) -> Any:
        self.keys[path] = self.at(node)
        return self.build(node, path)

    def pairs(self, node: yaml.MappingNode, path: str) -> Iterator[tuple[Any, Any]]:
        known = set()
        for key_node, value_node in node.value:
            where = self.at(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                raise YamlError("a key should be a plain word", where)
            key = _scalar(key_node, where)
            if key in known:
                raise YamlError(f"'{key}' is given twice", where)
            known.add(key)
            inner = _join(path, key)
            self.keys[inner] = where
            yield key, self.build(value_node, inner)


def _join(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)


def _scalar(node: yaml.ScalarNode, where: Location) -> Any:
    kind, text = str(node.tag).removeprefix(_TAG), str(node.value)
    try:
        match kind:
            case "str":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                base = {"0o": 8, "0x": 16}.get(text[:2], 10)
                return int(text, base)
            case "float":
                return float(re.sub(r"(?i)\.(inf|nan)", r"\1", text))
            case "timestamp":
                return _date(node)
    except ValueError as error:
        raise YamlError(f"'{text[:40]}' cannot be read: {error}", where) from error
    raise YamlError(f"the tag {node.tag} is not supported", where)


def _date(node: yaml.ScalarNode) -> datetime.date | str:
    """A date, or a date with a time; what only looks like one is a text."""
    if not SafeConstructor.timestamp_regexp.match(node.value):
        return str(node.value)
    date = SafeConstructor().construct_yaml_timestamp(node)
    assert isinstance(date, datetime.date)
    return date
