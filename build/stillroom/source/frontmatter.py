"""The block at the head of index.md: YAML between two lines of ``---``, checked field by field."""

from __future__ import annotations

import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationError
from pydantic_core import ErrorDetails

from stillroom.diagnostics import Diagnostics, Location, nearest
from stillroom.source.located import Located, YamlError, load
from stillroom.source.model import Author, FrontMatter

Text = Annotated[str, Field(strict=True)]
NonEmpty = Annotated[str, Field(strict=True, min_length=1, pattern=r"\S")]


def _named(value: Any) -> Any:
    """An author may be written as a name alone."""
    return {"name": value} if isinstance(value, str) else value


def _date(value: Any) -> Any:
    """YAML knows dates, and a number or a text is not one."""
    if type(value) is not datetime.date:
        raise ValueError("should be a date such as 2026-11-21")
    return value


Date = Annotated[datetime.date, BeforeValidator(_date)]


class _Author(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: NonEmpty
    affiliation: Text = ""
    url: Annotated[str, Field(strict=True, pattern=r"^https?://\S+$")] = ""
    orcid: Annotated[str, Field(strict=True, pattern=r"^\d{4}-\d{4}-\d{4}-\d{3}[\dX]$")] = ""
    roles: list[NonEmpty] = []


class _FrontMatter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: NonEmpty
    summary: NonEmpty
    authors: Annotated[
        list[Annotated[_Author, BeforeValidator(_named)]], Field(min_length=1, strict=True)
    ]
    date: Date
    updated: Date | None = None
    thread: Text = ""
    responds_to: Text = ""
    bibliography: Text = ""
    doi: Annotated[str, Field(strict=True, pattern=r"^10\.\d+/\S+$")] = ""
    keywords: list[NonEmpty] = []
    licence: Text = ""
    draft: StrictBool = False
    macros: dict[Annotated[str, Field(strict=True, pattern=r"^[A-Za-z]+$")], Text] = {}


# What a field should be, by the type of pydantic's error; its own words serve for the rest.
_EXPECTED = {
    "string_type": "should be a text; put it between quotes",
    "string_too_short": "is empty",
    "list_type": "should be a list, such as [a, b]",
    "too_short": "is empty",
    "dict_type": "should be a mapping, such as {a: b}",
    "model_type": "should be a name, or a mapping with a name",
    "bool_type": "should be true or false",
}
_PATTERNS = {
    "orcid": "should have the form 0000-0002-1825-0097",
    "doi": "should have the form 10.1234/abc, without https://doi.org/",
    "url": "should begin with https:// or http://",
}


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
    fields = dict(located.keys)
    try:
        front = _frozen(_FrontMatter.model_validate(located.value or {}))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _report(detail, located, path, diagnostics)
        return None, fields
    if front.updated and front.updated < front.date:
        diagnostics.error(fields["updated"], "A003", "'updated' should not be before 'date'")
    return front, fields


def _report(detail: ErrorDetails, located: Located, path: str, diagnostics: Diagnostics) -> None:
    loc = [str(part) for part in detail["loc"] if part != "[key]"]
    name, parent = ".".join(loc), ".".join(loc[:-1])
    where = located.keys.get(name) or located.keys.get(parent) or Location(path)
    match detail["type"]:
        case "missing":
            diagnostics.error(where, "A003", f"'{name}' is missing")
        case "extra_forbidden":
            known = _Author.model_fields if parent else _FrontMatter.model_fields
            message = f"unknown field '{name}'{nearest(loc[-1], known)}"
            diagnostics.error(where, "A004", message)
        case "value_error":
            diagnostics.error(where, "A003", f"'{name}' {detail['ctx']['error']}")
        case "string_pattern_mismatch":
            expected = _PATTERNS.get(loc[-1])
            if expected is None:
                expected = "should be a word of letters" if loc[0] == "macros" else "is empty"
            diagnostics.error(where, "A003", f"'{name}' {expected}")
        case kind:
            expected = _EXPECTED.get(kind, detail["msg"].lower())
            diagnostics.error(where, "A003", f"'{name}' {expected}")


def _frozen(front: _FrontMatter) -> FrontMatter:
    values = {name: getattr(front, name) for name in _FrontMatter.model_fields}
    authors = tuple(
        Author(
            name=author.name,
            affiliation=author.affiliation,
            url=author.url,
            orcid=author.orcid,
            roles=tuple(author.roles),
        )
        for author in front.authors
    )
    return FrontMatter(**{**values, "authors": authors, "keywords": tuple(front.keywords)})
