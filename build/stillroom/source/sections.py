"""What directives should hold: dates of updates, no empty parts, tabs that can be told apart."""

from __future__ import annotations

import datetime

from markdown_it.token import Token

from stillroom.source.model import FrontMatter
from stillroom.source.page import Page, closing

# What the build fills, and figures: a caption that is missing is F004.
_MAY_BE_EMPTY = {"cards", "replications", "figure"}


def check_sections(page: Page, front: FrontMatter | None) -> None:
    """Check the directives and sections of a page. Records M016, M017, M018.

    Sets ``meta["date"]`` of updates and corrections.
    """
    for index, token in enumerate(page.tokens):
        if token.type == "directive_open":
            _check_empty(page, token, page.tokens[index + 1])
            if token.info == "tabs":
                _check_titles(page, index)
            if token.info in {"update", "correction"}:
                _check_date(page, token, front)
    _check_headings(page)


def _check_empty(page: Page, token: Token, following: Token) -> None:
    known = token.meta["closed"] and "options" in token.meta and not page.incomplete
    if known and following.type == "directive_close" and token.info not in _MAY_BE_EMPTY:
        page.error(page.start(token), "M016", f"there is nothing in '{token.info}'")


def _check_headings(page: Page) -> None:
    """Headings that end what they are in, or that one of their level or above follows (M016)."""
    for index, token in enumerate(page.tokens):
        if token.type != "heading_open":
            continue
        after = page.tokens[index + 3 : index + 4]  # behind its text and its end
        ends = not after or after[0].nesting < 0 or after[0].type == "footnote_block_open"
        if ends or (after[0].type == "heading_open" and after[0].tag <= token.tag):
            page.warning(page.start(token), "M016", "there is nothing under this heading")


def _check_titles(page: Page, start: int) -> None:
    """Tabs of one group whose titles are the same (M017)."""
    seen: set[str] = set()
    level = page.tokens[start].level + 1
    for tab in page.tokens[start : closing(page.tokens, start)]:
        if tab.type != "directive_open" or tab.level != level or not tab.meta["argument"]:
            continue
        title = tab.meta["argument"]
        if title.casefold() in seen:
            page.error(page.start(tab), "M017", f"another of these tabs is called '{title}' too")
        seen.add(title.casefold())


def _check_date(page: Page, token: Token, front: FrontMatter | None) -> None:
    """Read the date of an update, and compare it with those of the front matter."""
    where, written = page.start(token), token.meta["argument"]
    try:
        date = datetime.date.fromisoformat(written)
    except ValueError:
        if written:
            message = f"'{token.info}' should have a date such as 2026-11-21, not '{written[:20]}'"
            page.error(where, "M005", message)
        return
    token.meta["date"] = date
    if front is None:
        return
    if date < front.date:
        message = f"the {token.info} is dated before the article was published, on {front.date}"
        page.error(where, "M018", message)
    elif date > (front.updated or front.date):
        message = f"the {token.info} is later than `updated`: write `updated: {date}`"
        page.error(where, "M018", message)
