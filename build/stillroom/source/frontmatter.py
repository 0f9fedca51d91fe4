"""The block at the head of index.md: YAML between two lines of ``---``, checked field by field.

Without pydantic: importing it would take a quarter of the time that a build of a changed text does.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast, get_args

from stillroom.diagnostics import Diagnostics, Location, nearest
from stillroom.source.located import Located, YamlError, load
from stillroom.source.model import Author, FrontMatter, Hub, Order, Outcome, Replication, Review

T = TypeVar("T")
D = TypeVar("D")  # a default
_TEXT = "should be a text; put it between quotes"
_LIST = "should be a list, such as [a, b]"
_MAPPING = "should be a mapping, such as {a: b}"
_DATE = "should be a date such as 2026-11-21"


@dataclass(frozen=True, slots=True)
class _Form:
    """What a text should look like, and how to say so."""

    pattern: str
    expected: str


_ORCID = _Form(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]", "should have the form 0000-0002-1825-0097")
_DOI = _Form(r"10\.\d+/\S+", "should have the form 10.1234/abc, without https://doi.org/")
_URL = _Form(r"https?://\S+", "should begin with https:// or http://")


def split(lines: list[str]) -> int | None:
    """The number of lines of the front matter, both lines of --- included; None without one."""
    if not lines or lines[0].rstrip() != "---":
        return None
    for number, line in enumerate(lines[1:], start=2):
        if line.rstrip() == "---":
            return number
    return None


def read_front_matter(
    lines: list[str], path: str, diagnostics: Diagnostics
) -> tuple[FrontMatter | None, dict[str, Location]]:
    """Read and check the front matter of an article.

    Args:
        lines: of index.md.
        path: of index.md, for places.
        diagnostics: where A001 to A004 are recorded.

    Returns:
        The front matter, or None if it has errors; and where its fields stand.
    """
    length = split(lines)
    if length is None:
        opened = bool(lines) and lines[0].rstrip() == "---"
        message = (
            "the front matter is never closed; end it with a line of ---"
            if opened
            else "the article should begin with front matter between two lines of ---"
        )
        diagnostics.error(Location(path), "A001", message)
        return None, {}
    try:
        located = load(
            "\n".join(lines[1 : length - 1]),
            lambda line, column: Location(path, min(line + 2, length), column + 1),
        )
    except YamlError as error:
        diagnostics.error(error.location, "A002", f"front matter is not valid YAML: {error}")
        return None, {}
    if located.value is not None and not isinstance(located.value, dict):
        diagnostics.error(Location(path, 2), "A003", "the front matter should be `field: value`")
        return None, {}
    found = Diagnostics()
    front = _front_matter(_Fields(located.value or {}, located, path, found))
    diagnostics.found += found.found
    return None if found.errors else front, dict(located.keys)


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of one mapping, handed out checked.

    Every method returns a default, and records A003 where the field stands, if its value is not
    what is asked for. A field without a value counts as left out.
    """

    values: Mapping[Any, Any]
    located: Located
    path: str
    found: Diagnostics
    parent: str = ""

    def inner(self, name: str, values: Mapping[Any, Any]) -> _Fields:
        """The fields of a mapping, or items of a list, that `name` holds."""
        return dataclasses.replace(self, values=values, parent=self.full(name))

    def full(self, name: Any) -> str:
        """The name of a field with those of the fields it is in."""
        return f"{self.parent}.{name}" if self.parent else str(name)

    def place(self, name: Any) -> Location:
        """Where a field stands, or what it is missing in."""
        keys = self.located.keys
        return keys.get(self.full(name)) or keys.get(self.parent) or Location(self.path)

    def wrong(self, name: Any, message: str) -> None:
        """Record what is wrong with a field."""
        self.found.error(self.place(name), "A003", f"'{self.full(name)}' {message}")

    def only(self, known: Iterable[str]) -> None:
        """Record fields that are not among the `known` (A004)."""
        known = sorted(known)
        for name in self.values:
            if name not in known:
                message = f"unknown field '{self.full(name)}'{nearest(str(name), known)}"
                self.found.error(self.place(name), "A004", message)

    def get(self, name: str, kind: type[T], expected: str, default: D) -> T | D:
        """A value of one type: a date with a time is no date, and a subtype not the type."""
        value = self.values.get(name)
        if value is None:
            return default
        if type(value) is not kind:
            self.wrong(name, expected)
            return default
        return value

    def text(self, name: str, form: _Form | None = None) -> str:
        """A text, perhaps empty."""
        value = self.get(name, str, _TEXT, "")
        if form and value and not re.fullmatch(form.pattern, value):
            self.wrong(name, form.expected)
        return value

    def needed(self, name: str) -> str:
        """A text that must be there."""
        value = self.text(name)
        if self.values.get(name) is None:
            self.wrong(name, "is missing")
        elif isinstance(self.values[name], str) and not value.strip():
            self.wrong(name, "is empty")
        return value

    def choice(self, name: str, known: tuple[str, ...]) -> str:
        """One of some words, the first by default."""
        value = self.text(name) or known[0]
        if value not in known:
            self.wrong(name, f"should be one of {', '.join(known)}{nearest(value, known)}")
            return known[0]
        return value

    def items(self, name: str) -> _Fields:
        """A list, as fields whose names are numbers from 0."""
        items: list[Any] = self.get(name, list, _LIST, [])
        return self.inner(name, {str(index): item for index, item in enumerate(items)})

    def mappings(self, name: str, kind: type) -> list[_Fields]:
        """A list of mappings, whose fields are those of a dataclass."""
        items = self.items(name)
        return [items.mapping(index, kind) for index in items.values]

    def mapping(self, name: str, kind: type) -> _Fields:
        """A mapping, whose fields are those of a dataclass."""
        fields = self.inner(name, self.get(name, dict, _MAPPING, {}))
        fields.only(each.name for each in dataclasses.fields(kind))
        return fields

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, none empty."""
        items = self.items(name)
        return tuple(items.needed(index) for index in items.values)


def _front_matter(fields: _Fields) -> FrontMatter:
    fields.only(each.name for each in dataclasses.fields(FrontMatter))
    if fields.values.get("date") is None:
        fields.wrong("date", "is missing")
    date = fields.get("date", datetime.date, _DATE, datetime.date.min)
    updated = fields.get("updated", datetime.date, _DATE, date)
    if updated < date:
        fields.wrong("updated", "should not be before 'date'")
    hub = _hub(fields)
    if hub and fields.values.get("thread"):
        fields.wrong("thread", "is the article itself, since it is a hub; leave it out")
    return FrontMatter(
        title=fields.needed("title"),
        summary=fields.needed("summary"),
        authors=_authors(fields, needed=hub is None),
        date=date,
        updated=updated if fields.values.get("updated") else None,
        hub=hub,
        thread=fields.text("thread"),
        order=fields.get("order", int, "should be a whole number", None),
        responds_to=fields.text("responds_to"),
        reviews=tuple(_review(each) for each in fields.mappings("reviews", Review)),
        replications=tuple(map(_replication, fields.mappings("replications", Replication))),
        bibliography=fields.text("bibliography"),
        doi=fields.text("doi", _DOI),
        keywords=fields.texts("keywords"),
        licence=fields.text("licence"),
        draft=fields.get("draft", bool, "should be true or false", False),
        macros=_macros(fields),
    )


def _hub(fields: _Fields) -> Hub | None:
    """What makes a hub; also a mapping without fields does."""
    if fields.values.get("hub") is None:
        return None
    hub = fields.mapping("hub", Hub)
    return Hub(hub.text("about"), cast(Order, hub.choice("order", get_args(Order))))


def _review(fields: _Fields) -> Review:
    return Review(fields.text("name"), fields.text("url", _URL))


def _replication(fields: _Fields) -> Replication:
    if fields.values.get("outcome") is None:
        fields.wrong("outcome", "is missing")
    return Replication(
        claim=fields.needed("claim"),
        outcome=cast(Outcome, fields.choice("outcome", get_args(Outcome))),
        by=fields.text("by"),
        model=fields.text("model"),
        norm=fields.text("norm"),
    )


def _authors(fields: _Fields, *, needed: bool) -> tuple[Author, ...]:
    """People: each a name, or a mapping with a name."""
    if fields.values.get("authors") is None:
        if needed:
            fields.wrong("authors", "is missing")
    elif fields.values["authors"] == []:
        fields.wrong("authors", "is empty")
    items = fields.items("authors")
    return tuple(_author(items, index) for index in items.values)


def _author(items: _Fields, index: str) -> Author:
    value = items.values[index]
    if isinstance(value, str):
        return Author(items.needed(index))
    if not isinstance(value, dict):
        items.wrong(index, "should be a name, or a mapping with a name")
        return Author("")
    fields = items.mapping(index, Author)
    return Author(
        name=fields.needed("name"),
        affiliation=fields.text("affiliation"),
        url=fields.text("url", _URL),
        orcid=fields.text("orcid", _ORCID),
        roles=fields.texts("roles"),
    )


def _macros(fields: _Fields) -> dict[str, str]:
    """LaTeX by the names of commands."""
    macros = fields.inner("macros", fields.get("macros", dict, _MAPPING, {}))
    for name in macros.values:
        if not (isinstance(name, str) and re.fullmatch("[A-Za-z]+", name)):
            macros.wrong(name, "should be a word of letters")
    return {str(name): macros.text(name) for name in macros.values}
