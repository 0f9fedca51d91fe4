"""Markdown to tokens: CommonMark with tables, footnotes, math, directives, roles and citations."""

from __future__ import annotations

import re
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin

from stillroom.source.directives import directive_plugin
from stillroom.source.inline import inline_plugin
from stillroom.source.origin import place_inline
from stillroom.source.page import Page

_DEEPEST = 60  # levels of tokens; markdown-it leaves out what is deeper
_HEADING_NAME = re.compile(r"[ \t]*\{#([^{}\s]*)\}\s*$")
_COMMENTS = re.compile(r"\s*(<!--.*?-->\s*)+", re.DOTALL)


@lru_cache(maxsize=1)
def make_parser() -> MarkdownIt:
    """The parser of articles. HTML is recognised so that it can be reported, never passed on."""
    md = MarkdownIt("commonmark", {"html": True, "maxNesting": _DEEPEST, "typographer": True})
    md.enable(["table", "strikethrough", "smartquotes"])
    md.use(
        dollarmath_plugin,
        allow_space=False,
        allow_digits=False,
        allow_blank_lines=False,
        double_inline=True,
    )
    md.use(footnote_plugin)
    md.use(deflist_plugin)
    md.use(directive_plugin)
    md.use(inline_plugin)
    place_inline(md)
    md.core.ruler.after("block", "heading_names", _heading_names)
    return md


def parse(page: Page, body: int) -> None:
    """Fill `page.tokens` and `page.env`.

    Args:
        page: the article; M010 and M014 are recorded in it.
        body: number of lines of front matter, which are passed over; lines of tokens are those of
            the file.
    """
    text = "\n" * body + "\n".join(page.lines[body:])
    page.env["path"] = page.path
    page.tokens = make_parser().parse(text, page.env)
    for token in page.tokens:
        if token.level >= _DEEPEST - 1:
            page.error(page.start(token), "M014", "the text is nested too deeply to be read")
            break
    page.tokens = _without_html(page, page.tokens)


def _heading_names(state: StateCore) -> None:
    """Cut ``{#name}`` off the end of a heading and keep it."""
    for opening, inline in zip(state.tokens, state.tokens[1:], strict=False):
        if opening.type == "heading_open" and (found := _HEADING_NAME.search(inline.content)):
            opening.meta["label"] = found[1]
            inline.content = inline.content[: found.start()]


def _without_html(page: Page, tokens: list[Token]) -> list[Token]:
    """Drop HTML comments; report other HTML and show it as text."""
    kept = []
    for token in tokens:
        if token.children:
            token.children = _without_html(page, token.children)
        if token.type not in {"html_block", "html_inline"}:
            kept.append(token)
        elif not _COMMENTS.fullmatch(token.content):
            tag = token.content.strip().partition("\n")[0][:40]
            message = f"raw HTML is shown as text: {tag}"
            page.warning(page.start(token), "M010", message)
            kept += _as_text(token)
    return kept


def _as_text(token: Token) -> list[Token]:
    text = Token("text", "", 0, content=token.content, level=token.level)
    if token.type == "html_inline":
        return [text]
    inline = Token("inline", "", 0, content=token.content, children=[text], map=token.map)
    inner = token.level + 1
    inline.level = inner
    return [
        Token("paragraph_open", "p", 1, map=token.map, level=token.level, block=True),
        inline,
        Token("paragraph_close", "p", -1, level=token.level, block=True),
    ]
