"""Placeholders that were never filled in (M015): marks to come back to, words of the scaffold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from stillroom.diagnostics import Location
from stillroom.settings import builtin_templates
from stillroom.source.model import FrontMatter
from stillroom.source.page import Page, walk

_MARK = re.compile(r"\b(?:TODO|TBD|FIXME|XXX)\b|\b[Ll]orem [Ii]psum\b")
_NO_ADDRESS = re.compile(r"(?i)link|url|href|todo|tbd|xxx|\.{3}|…")


def check_leftovers(page: Page, front: FrontMatter | None, body: int) -> None:
    """Record M015 for each placeholder; in an article that is marked as a draft as a warning.

    Args:
        page: the article.
        front: its front matter, if it could be read.
        body: number of lines of front matter.
    """
    record = page.warning if front is not None and front.draft else page.error
    for where, what in sorted({*_addresses(page), *_marks(page, body), *_scaffold(page)}):
        record(where, "M015", f"{what} is left in: write what belongs there")


def is_address(href: str) -> bool:
    """Whether a link has an address, and not a word that stands for one."""
    return _NO_ADDRESS.fullmatch(href) is None


def _addresses(page: Page) -> Iterator[tuple[Location, str]]:
    for token in page.walk():
        href = str(token.attrs.get("href", ""))
        if token.type == "link_open" and not is_address(href):
            yield page.start(token), f"the address '{href}'"


def _marks(page: Page, body: int) -> Iterator[tuple[Location, str]]:
    """Marks in the front matter, in running text and in alternative texts; code may hold them."""
    for number, line in enumerate(page.lines[:body], start=1):
        for mark in _MARK.finditer(line):
            yield page.at(number, mark.start() + 1), f"'{mark[0]}'"
    for token in page.tokens:
        if token.type == "directive_open":
            options = token.meta.get("options", {}).values()
            texts = [value for value in options if isinstance(value, str)]
        else:
            texts = [each.content for each in walk(token.children or ()) if each.type == "text"]
        for mark in (mark for text in texts for mark in _MARK.finditer(text)):
            yield _find(page, token.map, mark[0]), f"'{mark[0]}'"


def _find(page: Page, lines: list[int] | None, mark: str) -> Location:
    for number in range(*lines) if lines else ():
        if mark in page.lines[number]:
            return page.at(number + 1, page.lines[number].index(mark) + 1)
    return page.at(1)


def _scaffold(page: Page) -> Iterator[tuple[Location, str]]:
    for number, line in enumerate(page.lines, start=1):
        if line.strip() in _scaffold_lines():
            yield page.at(number), f"'{line.strip()[:40]}' of the template"


@lru_cache(maxsize=1)
def _scaffold_lines() -> frozenset[str]:
    """The lines of a new article that its author is to replace."""
    template = builtin_templates() / "new" / "article" / "index.md"
    lines = template.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if len(line.split()) > 2 and "%" not in line)
