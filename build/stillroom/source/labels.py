"""Names that cross-references point at, numbers of equations and tables, anchors of headings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from stillroom.diagnostics import Location
from stillroom.source.figures import WIDTHS, read_name
from stillroom.source.model import Figure, Heading, Label, LabelKind, Picture
from stillroom.source.options import Options
from stillroom.source.page import NAME, Page, plain_text


def read_labels(
    page: Page,
    figures: Sequence[Figure | Picture],
    options: dict[int, Options],
) -> tuple[dict[str, Label], tuple[Heading, ...]]:
    """Collect all labels of a page, and its headings. Records F003, M013, X002.

    Sets the attribute ``id`` of headings and ``meta["label"]`` of tables.
    """
    labels: dict[str, Label] = {}
    named = [
        Label("figure", str(figure.number), "", figure.name, figure.location)
        for figure in sorted(figures, key=lambda figure: figure.number)
        if figure.name
    ]
    for label in [*named, *_equations(page), *_tables(page, options), *_named_headings(page)]:
        if label.anchor in labels:
            first = labels[label.anchor].location.line
            message = f"the name '{label.anchor}' is already used on line {first}"
            page.error(label.location, "X002", message)
        else:
            labels[label.anchor] = label
    headings = tuple(_headings(page, labels))
    return labels, headings


def _label(page: Page, kind: LabelKind, name: str, number: int | str, where: Location) -> Label:
    if not NAME.fullmatch(name):
        message = f"'{name}' should be lower-case letters, digits and hyphens"
        page.error(where, "F003", message)
    return Label(kind, str(number), "", name, where)


def _equations(page: Page) -> Iterator[Label]:
    """Equations with a name are numbered; others are not."""
    number = 0
    for token in page.tokens:
        if token.type == "math_block_label":
            number += 1
            yield _label(page, "equation", token.info, number, page.start(token))


def _tables(page: Page, options: dict[int, Options]) -> Iterator[Label]:
    number = 0
    for token in page.tokens:
        if token.type == "directive_open" and token.info == "table" and id(token) in options:
            name = read_name(page, options[id(token)])
            options[id(token)].choice("width", WIDTHS, "text")
            if name:
                number += 1
                token.meta["label"] = name
                yield Label("table", str(number), "", name, options[id(token)].place("name"))


def _heading_tokens(page: Page) -> Iterator[tuple[Token, str]]:
    for opening, inline in zip(page.tokens, page.tokens[1:], strict=False):
        if opening.type == "heading_open":
            yield opening, plain_text(inline.children or [])


def _named_headings(page: Page) -> Iterator[Label]:
    for token, title in _heading_tokens(page):
        if "label" in token.meta:
            name = _label(page, "section", token.meta["label"], "", page.start(token)).anchor
            yield Label("section", "", title, name, page.start(token))


def _headings(page: Page, labels: dict[str, Label]) -> Iterator[Heading]:
    """Give every heading an anchor; those outside of lists and directives are contents."""
    for token, title in _heading_tokens(page):
        anchor = token.meta.get("label", "")
        if not anchor:
            anchor = _free(re.sub(r"[\W_]+", "-", title.lower()).strip("-") or "section", labels)
            labels[anchor] = Label("section", "", title, anchor, page.start(token))
        token.attrs["id"] = anchor
        level = int(token.tag[1])
        if level == 1:
            message = "the title is in the front matter; a heading of the text begins with ##"
            page.error(page.start(token), "M013", message)
        if token.level == 0 and level in {2, 3}:
            yield Heading(level, title, anchor)


def _free(anchor: str, labels: dict[str, Label]) -> str:
    if anchor not in labels:
        return anchor
    number = 2
    while f"{anchor}-{number}" in labels:
        number += 1
    return f"{anchor}-{number}"
