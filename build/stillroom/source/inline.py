"""Inline rules: roles, citations, and references to footnotes that do not exist.

{name}`content`            a role
[@key] [see @a, p. 3; @b]  a citation: works between semicolons, each with words around it
@key                       a citation whose authors are part of the sentence
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

_ROLE = re.compile(r"\{([A-Za-z][\w-]*)\}(`+)")
_KEY = r"[A-Za-z0-9_](?:[\w:.#$%&+?<>~/-]*[\w/])?"
_NARRATIVE = re.compile(rf"(?<![\w.@/-])@({_KEY})")
_BRACKET = re.compile(r"\[([^\[\]]*@[^\[\]]*)\](?![(\[])")
_ITEM = re.compile(
    rf"\s*(?P<prefix>[^@]*?)\s*(?<![\w.])-?@(?P<key>{_KEY})\s*(?:,?\s*(?P<locator>.*?))?\s*",
    re.DOTALL,
)
_SEPARATOR = re.compile(r";|,(?=\s*@)")
_MISSING_NOTE = re.compile(r"\[\^([^\[\]\s]+)\]")


def inline_plugin(md: MarkdownIt) -> None:
    """Add the rules; the footnote plugin must have been added before."""
    md.inline.ruler.before("backticks", "role", _role)
    md.inline.ruler.before("link", "citation", _citation)
    md.inline.ruler.before("link", "narrative", _narrative)
    md.inline.ruler.after("footnote_ref", "footnote_missing", _footnote_missing)


def _role(state: StateInline, silent: bool) -> bool:
    opening = _ROLE.match(state.src, state.pos) if state.src[state.pos] == "{" else None
    if opening is None:
        return False
    ticks = re.compile(rf"(?<!`){opening[2]}(?!`)")
    closing = ticks.search(state.src, opening.end(), state.posMax)
    if closing is None:
        return False
    if not silent:
        token = state.push("role", "", 0)
        token.content = state.src[opening.end() : closing.start()].replace("\n", " ")
        token.meta = {"name": opening[1], "offset": opening.end() - state.pos}
    state.pos = closing.end()
    return True


def _citation(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "[":
        return False
    bracket = _BRACKET.match(state.src, state.pos, state.posMax)
    if bracket is None:
        return False
    works, start = [], bracket.start(1)
    for separator in [*_SEPARATOR.finditer(bracket[1]), None]:
        stop = bracket.start(1) + separator.start() if separator else bracket.end(1)
        work = _ITEM.fullmatch(state.src, start, stop)
        if work is None:
            return False
        offset = work.start("key") - 1 - state.pos
        works.append((work["key"], work["locator"], work["prefix"], offset))
        start = stop + 1
    if not silent:
        token = state.push("citation", "", 0)
        token.content = bracket[0]
        token.meta = {"works": works, "narrative": False}
    state.pos = bracket.end()
    return True


def _narrative(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "@":
        return False
    found = _NARRATIVE.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        token = state.push("citation", "", 0)
        token.content = found[0]
        token.meta = {"works": [(found[1], "", "", 0)], "narrative": True}
    state.pos = found.end()
    return True


def _footnote_missing(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "[":
        return False
    found = _MISSING_NOTE.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        token = state.push("footnote_missing", "", 0)
        token.content = found[1]
    state.pos = found.end()
    return True
