"""One article while it is being read: its text, its tokens and what was found wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markdown_it.token import Token

from stillroom.diagnostics import Diagnostics, Location

NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")  # of figures, equations, sections, articles


@dataclass(slots=True)
class Page:
    """What the passes over one article share.

    Attributes:
        folder: the article's folder.
        path: of index.md, relative to the site's root.
        lines: of index.md, without line ends.
        tokens: the markdown-it token stream.
        env: markdown-it's environment.
        diagnostics: what was found in this article.
        incomplete: whether a directive could not be read, so that a name which is not found may
            well be in it.
    """

    folder: Path
    path: str
    lines: Sequence[str]
    diagnostics: Diagnostics
    tokens: list[Token] = field(default_factory=list)
    env: dict[str, Any] = field(default_factory=dict)
    incomplete: bool = False

    @property
    def slug(self) -> str:
        """The article's name."""
        return self.folder.name

    def at(self, line: int, column: int = 1) -> Location:
        """The place in index.md; both count from 1."""
        return Location(self.path, line, column)

    def start(self, token: Token) -> Location:
        """Where a token begins: its own place, or the first character of its first line."""
        if "place" in token.meta:
            place: Location = token.meta["place"]
            return place
        if token.map is None:
            return self.at(1)
        line = self.lines[token.map[0]] if token.map[0] < len(self.lines) else ""
        return self.at(token.map[0] + 1, len(line) - len(line.lstrip()) + 1)

    def error(self, location: Location, code: str, message: str) -> None:
        """Record something that stops the article from being built."""
        self.diagnostics.error(location, code, message)

    def warning(self, location: Location, code: str, message: str) -> None:
        """Record something an author should know."""
        self.diagnostics.warning(location, code, message)

    def walk(self) -> Iterator[Token]:
        """All tokens in order, the children of a token after it."""
        return walk(self.tokens)


def walk(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield `tokens` in order, the children of a token after it."""
    for token in tokens:
        yield token
        if token.children:
            yield from walk(token.children)


def closing(tokens: Sequence[Token], start: int) -> int:
    """The index of the token that closes the one at `start`."""
    opening = tokens[start].type
    wanted = opening.replace("_open", "_close")
    depth = 0
    for index in range(start, len(tokens)):
        depth += (tokens[index].type == opening) - (tokens[index].type == wanted)
        if depth == 0:
            return index
    raise ValueError(f"'{opening}' is never closed")


def inside(token: Token, offset: int) -> Location:
    """The place `offset` characters after the start of an inline token."""
    place: Location = token.meta["origin"].at(token.meta["pos"] + offset)
    return place


def plain_text(tokens: Sequence[Token]) -> str:
    """The words of inline tokens, without markup."""
    parts = []
    for token in walk(tokens):
        if token.type in {"text", "code_inline", "math_inline", "math_inline_double"}:
            parts.append(token.content)
        elif token.type in {"softbreak", "hardbreak"}:
            parts.append(" ")
    return "".join(parts).strip()
