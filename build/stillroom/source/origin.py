"""Where inline text stands in its file, though indentation and quote marks were cut off.

Every inline rule is wrapped so that the tokens it makes know the position in their text at which
it began; a core rule then turns positions into places.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from stillroom.diagnostics import Location

Rule = Callable[[StateInline, bool], bool]


@dataclass(frozen=True, slots=True)
class Origin:
    """Maps a position in a text to a place; lines of the text are lines of the file.

    Attributes:
        path: of the file.
        line: of the text's first line, from 0.
        starts: position in the text at which each of its lines begins.
        columns: column, from 0, at which each begins in the file.
    """

    path: str
    line: int
    starts: tuple[int, ...]
    columns: tuple[int, ...]

    def at(self, position: int) -> Location:
        """The place of the character at `position`."""
        index = max(bisect_right(self.starts, position) - 1, 0)
        column = self.columns[index] + position - self.starts[index]
        return Location(self.path, self.line + index + 1, column + 1)


def find_origin(
    content: str,
    line: int,
    lines: Sequence[str],
    path: str,
    cursors: dict[int, int] | None = None,
) -> Origin:
    """Find `content`, whose first line is `lines[line]` or a part of it.

    Args:
        content: text that markdown-it cut out of the file, perhaps less indented.
        line: number of its first line, from 0.
        lines: of the file.
        path: of the file.
        cursors: where the last text found on each line ended, for the cells of a table; updated.
    """
    starts, columns, position = [], [], 0
    cursors = {} if cursors is None else cursors
    for number, text in enumerate(content.split("\n"), start=line):
        stripped = text.strip()
        source = lines[number] if number < len(lines) else ""
        found = source.find(stripped, cursors.get(number, 0))
        if found < 0:
            found = max(source.find(stripped), 0)
        cursors[number] = found + len(stripped)
        starts.append(position)
        columns.append(found - (len(text) - len(text.lstrip())))
        position += len(text) + 1
    return Origin(path, line, tuple(starts), tuple(columns))


def place_inline(md: MarkdownIt) -> None:
    """Give all inline tokens but text a ``place``, and an ``origin`` and ``pos`` to count on from.

    Call it after all inline rules were added. `env` must have ``path``, the path of the file.
    """
    ruler = md.inline.ruler
    for name, rule in zip(ruler.get_active_rules(), ruler.getRules(""), strict=True):
        ruler.at(name, _positioned(rule))
    md.core.ruler.after("inline", "places", _places)


def _positioned(rule: Rule) -> Rule:
    def positioned(state: StateInline, silent: bool) -> bool:
        start, count = state.pos, len(state.tokens)
        matched = rule(state, silent)
        if matched and not silent:
            for token in state.tokens[count:]:
                if token.type != "text" and "pos" not in token.meta:
                    token.meta["pos"] = start
                    # Their text was parsed on its own, after "![" or "^[".
                    _shift(_nested(token, state.env), start + 2, state.env)
        return matched

    return positioned


def _nested(token: Token, env: Mapping[str, Any]) -> Iterable[Token]:
    """The tokens of an image's description or of a footnote written in place."""
    if token.type == "footnote_ref" and "label" not in token.meta:
        note: list[Token] = env["footnotes"]["list"][token.meta["id"]]["tokens"]
        return note
    return token.children or ()


def _shift(tokens: Iterable[Token], by: int, env: Mapping[str, Any]) -> None:
    for token in tokens:
        if "pos" in token.meta:
            token.meta["pos"] += by
            _shift(_nested(token, env), by, env)


def _places(state: StateCore) -> None:
    lines = state.src.split("\n")
    cursors: dict[int, int] = {}
    for token in state.tokens:
        if token.type == "inline" and token.map is not None:
            origin = find_origin(token.content, token.map[0], lines, state.env["path"], cursors)
            _place(token.children or (), origin, state.env)


def _place(tokens: Iterable[Token], origin: Origin, env: Mapping[str, Any]) -> None:
    for token in tokens:
        if "pos" in token.meta:
            token.meta["origin"] = origin
            token.meta["place"] = origin.at(token.meta["pos"])
            _place(_nested(token, env), origin, env)
