"""The block rule for directives: fences of colons whose content is Markdown.

    :::{name} argument        three colons or more
    ---
    option: value             options as YAML, or as lines of the form `:option: value`
    ---
    content
    :::                       exactly as many colons as opened it

A directive may stand in another, in a list or in a quotation. The rule reads form only: whether a
directive, its argument and its options are known is decided in `options`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock

_OPEN = re.compile(r"(:{3,})\{([^{}\s]*)\}[ \t]*(.*?)[ \t]*$")
_CLOSE = re.compile(r"(:{3,})[ \t]*$")
_OPTION = re.compile(r":[A-Za-z_][\w-]*:(?=[ \t]|$)")
_CODE = re.compile(r"(`{3,}|~{3,})")


@dataclass(frozen=True, slots=True)
class RawOptions:
    """The options of a directive, unread.

    Attributes:
        lines: their text; for the short form still with colons.
        places: line (from 0) and column (from 0) in the file at which each begins.
        yaml: whether they stand between lines of ``---``.
        closed: whether the second of these lines was found.
    """

    lines: tuple[str, ...]
    places: tuple[tuple[int, int], ...]
    yaml: bool
    closed: bool = True


def directive_plugin(md: MarkdownIt) -> None:
    """Add the rule; it may interrupt a paragraph, a list or a quotation."""
    alt = ["paragraph", "reference", "blockquote", "list", "table"]
    md.block.ruler.before("fence", "directive", _directive, {"alt": alt})


def _directive(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start):
        return False
    text = _text(state, start)
    if not text.startswith(":::"):
        return False
    if silent:
        return True
    opening = _OPEN.match(text)
    if opening is None:
        token = state.push("directive_stray", "", 0)
        token.content = text.rstrip()
        token.map = [start, start + 1]
        state.line = start + 1
        return True
    close, closed = _find_close(state, start, end, len(opening[1]))
    raw, body = _options(state, start + 1, close)

    token = state.push("directive_open", "div", 1)
    token.markup, token.info, token.block = opening[1], opening[2], True
    token.map = [start, close + 1 if closed else close]
    token.meta = {"name": opening[2], "argument": opening[3], "raw": raw, "closed": closed}
    token.meta["offset"] = opening.start(3)

    parent, line_max = state.parentType, state.lineMax
    state.parentType, state.lineMax = "directive", close
    state.md.block.tokenize(state, body, close)
    state.parentType, state.lineMax = parent, line_max

    token = state.push("directive_close", "div", -1)
    token.markup, token.info, token.block = opening[1], opening[2], True
    token.meta = {"name": opening[2]}
    state.line = close + 1 if closed else close
    return True


def _text(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _find_close(state: StateBlock, start: int, end: int, colons: int) -> tuple[int, bool]:
    """The line that closes the directive at `start`, or else the first line beyond its reach.

    A closing line closes the innermost open directive with as many colons, so that a directive
    which was forgotten inside does not swallow the end of the one around it. Code is skipped.
    """
    open_fences, code = [colons], ""
    for line in range(start + 1, end):
        text = _text(state, line)
        if text and state.sCount[line] < state.blkIndent:
            return line, False
        fence = _CODE.match(text)
        if code:
            if fence and fence[1].startswith(code) and not text[fence.end() :].strip():
                code = ""
        elif fence:
            code = fence[1]
        elif opening := _OPEN.match(text):
            open_fences.append(len(opening[1]))
        elif (closing := _CLOSE.match(text)) and len(closing[1]) in open_fences:
            while open_fences.pop() != len(closing[1]):
                pass
            if not open_fences:
                return line, True
    return end, False


def _options(state: StateBlock, start: int, end: int) -> tuple[RawOptions | None, int]:
    """The options at the head of a directive's content, and the line on which the rest begins."""
    if start >= end:
        return None, start
    if _text(state, start).rstrip() == "---":
        for line in range(start + 1, end):
            if _text(state, line).rstrip() == "---":
                return _raw(state, start + 1, line, yaml=True), line + 1
        return _raw(state, start + 1, end, yaml=True, closed=False), end
    line = start
    while line < end and _OPTION.match(_text(state, line)):
        line += 1
    return (_raw(state, start, line, yaml=False), line) if line > start else (None, start)


def _raw(state: StateBlock, start: int, end: int, *, yaml: bool, closed: bool = True) -> RawOptions:
    lines, places = [], []
    for line in range(start, end):
        text = state.getLines(line, line + 1, state.blkIndent, False)
        line_start = state.src.rfind("\n", 0, state.eMarks[line]) + 1
        lines.append(text)
        places.append((line, max(state.eMarks[line] - line_start - len(text), 0)))
    return RawOptions(tuple(lines), tuple(places), yaml, closed)
