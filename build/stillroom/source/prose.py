"""Small passes over the text: formulas, code blocks, footnotes, the number of words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from markdown_it.token import Token

from stillroom.diagnostics import Location, nearest
from stillroom.source.math import MathError, to_mathml
from stillroom.source.origin import find_origin
from stillroom.source.page import Page, inside, walk

_WORD = re.compile(r"\w[\w'’-]*")


def convert_math(page: Page, macros: Mapping[str, str]) -> None:
    """Convert all formulas to MathML, in ``meta["mathml"]``. Records M008."""
    for token in page.walk():
        if not token.type.startswith("math_"):
            continue
        display = token.type != "math_inline"
        try:
            token.meta["mathml"] = to_mathml(token.content, display, macros)
        except MathError as error:
            where = _inside_formula(page, token, error.position)
            character = error.position + 1
            message = f"the formula is not valid at character {character}: {error}"
            page.error(where, "M008", message)


def _inside_formula(page: Page, token: Token, position: int) -> Location:
    if "origin" in token.meta:
        return inside(token, len(token.markup) + position)
    if token.map is None:
        return page.start(token)
    first = page.lines[token.map[0]]
    cursors = {token.map[0]: first.find("$$") + 2}
    origin = find_origin(token.content, token.map[0], page.lines, page.path, cursors)
    return origin.at(position)


def check_code(page: Page) -> None:
    """Check that the languages of code blocks are known (M011), and none is a directive (M001)."""
    for token in page.walk():
        if token.type == "fence" and token.info.strip():
            language = token.info.split()[0]
            if language.startswith("{"):
                message = f"a directive is written :::{language}, not {token.markup}{language}"
                page.error(page.start(token), "M001", message)
                continue
            hint = _unknown_language(language)
            if hint is not None:
                message = f"unknown language '{language}'{hint}"
                page.error(page.start(token), "M011", message)


def _unknown_language(language: str) -> str | None:
    """None if Pygments knows it, else a hint."""
    from pygments.lexers import find_lexer_class_by_name, get_all_lexers
    from pygments.util import ClassNotFound

    try:
        find_lexer_class_by_name(language)
    except ClassNotFound:
        return nearest(language, {alias for _, names, _, _ in get_all_lexers() for alias in names})
    return None


def check_footnotes(page: Page) -> None:
    """Report footnotes that are not defined (M009) or never referred to (M012)."""
    references: dict[str, int] = page.env.get("footnotes", {}).get("refs", {})
    defined = {label[1:] for label in references}
    for token in page.walk():
        if token.type == "footnote_missing":
            hint = nearest(token.content, defined)
            message = f"the footnote '{token.content}' is not defined{hint}"
            page.error(page.start(token), "M009", message)
    for label in (label[1:] for label, number in references.items() if number < 0):
        message = f"the footnote '{label}' is never referred to, and is not shown"
        page.warning(_definition(page, label), "M012", message)


def _definition(page: Page, label: str) -> Location:
    mark = f"[^{label}]:"
    for number, line in enumerate(page.lines, start=1):
        if line.lstrip(" >").startswith(mark):
            return page.at(number, line.index(mark) + 1)
    return page.at(1)


def count_words(tokens: Sequence[Token]) -> int:
    """The number of words of a text, formulas and code blocks not counted."""
    texts = (token.content for token in walk(tokens) if token.type in {"text", "code_inline"})
    return sum(len(_WORD.findall(text)) for text in texts)
