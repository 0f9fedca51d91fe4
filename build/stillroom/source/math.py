"""LaTeX to MathML: the one function in front of math-core, so that it can be replaced."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from math_core import LatexError, LatexToMathML

# They number lines or refer to numbers by themselves; a page numbers its equations otherwise.
_NUMBERING = re.compile(
    r"\\begin\s*\{(align|alignat|eqnarray|equation|flalign|gather|multline)\}"
    r"|\\(label|eqref|ref|tag)(?![a-zA-Z])"
)


class MathError(Exception):
    """A formula cannot be read; `position` counts characters of the LaTeX text from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


def to_mathml(latex: str, display: bool, macros: Mapping[str, str] | None = None) -> str:
    r"""Convert LaTeX to a ``<math>`` element.

    Args:
        latex: the formula, without dollar signs.
        display: on a line of its own rather than in running text.
        macros: LaTeX by name, without backslash: ``{"R": r"\mathbb{R}"}``, checked before.

    Raises:
        MathError: with the position in `latex`.
    """
    numbering = _NUMBERING.search(latex)
    if numbering:
        raise MathError(_numbering_advice(numbering), numbering.start())
    return _convert(latex, display, tuple(sorted((macros or {}).items())))


def _numbering_advice(found: re.Match[str]) -> str:
    environment, command = found.groups()
    if environment == "equation":
        return "write the formula without \\begin{equation}; a name after $$ gives it a number"
    if environment:
        inner = {"align": "aligned", "alignat": "alignedat", "gather": "gathered"}
        return f"use '{inner.get(environment, 'aligned')}': a name after $$ gives it a number"
    if command in {"ref", "eqref"}:
        return f"\\{command} cannot be used; write [](#name) in the text"
    return f"\\{command} cannot be used; write $$ … $$ (name)"


def check_macros(macros: Mapping[str, str]) -> tuple[str, str] | None:
    """The first macro that cannot be read, and what is wrong with it; None if all are well."""
    table = tuple(sorted(macros.items()))
    for name, latex in table:
        braces = re.sub(r"\\.", "", latex)
        if braces.count("{") != braces.count("}"):
            return name, "its braces do not match"
    try:
        _converter(table)
    except LatexError as error:
        found = re.match(r"macro(\d+):\d+: (.*?)\.?$", str(error), re.DOTALL)
        return (table[int(found[1])][0], found[2]) if found else (table[0][0], str(error))
    return None


@lru_cache(maxsize=4096)
def _convert(latex: str, display: bool, macros: tuple[tuple[str, str], ...]) -> str:
    try:
        return _converter(macros).convert_with_local_state(latex, displaystyle=display)
    except LatexError as error:
        position, _, message = str(error).partition(": ")
        raise MathError(message.rstrip("."), int(position)) from error
    except UnicodeEncodeError as error:
        raise MathError("a character that is not valid Unicode", error.start) from error


@lru_cache(maxsize=16)
def _converter(macros: tuple[tuple[str, str], ...]) -> LatexToMathML:
    return LatexToMathML(macros=dict(macros), fancy_error=False)
