"""Figure directives to `Figure`s and `Picture`s, every option checked where it stands."""

from __future__ import annotations

import re
from typing import Any, cast, get_args

from markdown_it.token import Token

from stillroom.diagnostics import Location, nearest
from stillroom.source import claims
from stillroom.source.links import find_file
from stillroom.source.model import Claim, Figure, Picture, Width
from stillroom.source.options import FIGURE_OPTIONS, Options
from stillroom.source.page import NAME, Page

WIDTHS: tuple[Width, ...] = get_args(Width)
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".svg", ".gif", ".mp4"}
_PICTURE_OPTIONS = {"name", "width", "alt"}
_VARIABLE = re.compile(r"[A-Za-z_]\w*")


def read_figures(
    page: Page, options: dict[int, Options]
) -> tuple[tuple[Figure, ...], tuple[Picture, ...]]:
    """Read all figures of a page, numbered in order of appearance.

    Sets ``meta["figure"]`` of their tokens. Records F001 to F004, F011, F021, F023, M004, M005,
    X005.
    """
    figures: list[Figure] = []
    pictures: list[Picture] = []
    for index, token in enumerate(page.tokens):
        if token.type != "directive_open" or token.info != "figure" or id(token) not in options:
            continue
        given = options[id(token)]
        number = len(figures) + len(pictures) + 1
        argument = token.meta["argument"]
        if not argument:
            continue
        if NAME.fullmatch(argument):
            figure = _figure(page, given, argument, number)
            figures.append(figure)
            token.meta["figure"] = figure.name
        else:
            picture = _picture(page, token, given, argument, number)
            pictures.append(picture)
            token.meta["figure"] = picture.name
        if page.tokens[index + 1].type == "directive_close":
            page.warning(given.location, "F004", "the figure has no caption")
    _check_claims(page, figures)
    return tuple(figures), tuple(pictures)


def _figure(page: Page, options: Options, recipe: str, number: int) -> Figure:
    name, width, alt = _common(page, options)
    view = options.get("view", str, "the name of a view", "")
    seed = options.get("seed", int, "a whole number from 0", 0)
    if seed < 0:
        options.wrong("seed", "a whole number from 0")
    return Figure(
        name=name,
        location=options.location,
        recipe=recipe,
        params=options.mapping("params"),
        draft=options.mapping("draft"),
        view=view,
        width=width,
        alt=alt,
        claims=_claims(page, options),
        bind=_bind(options),
        number=number,
        seed=seed,
        places=options.located.keys,
    )


def _picture(page: Page, token: Token, options: Options, argument: str, number: int) -> Picture:
    name, width, alt = _common(page, options)
    for option in options.located.value:
        if option in FIGURE_OPTIONS and option not in _PICTURE_OPTIONS:
            message = f"'{option}' is for figures with a recipe; '{argument}' names a file"
            page.error(options.place(option), "M004", message)
    where = _shift(options.location, token.meta["offset"] + 1)
    source = page.folder / argument
    if source.suffix.lower() not in SUFFIXES:
        kinds = ", ".join(sorted(suffix[1:] for suffix in SUFFIXES))
        message = f"'{argument}' is neither the name of a recipe nor a file of kind {kinds}"
        page.error(where, "F011", message)
    else:
        source = find_file(page, argument, where) or source
    return Picture(name, options.location, source, width, alt, number)


def _common(page: Page, options: Options) -> tuple[str, Width, str]:
    name = read_name(page, options)
    if not name and options.located.value.get("name") is None:
        page.error(options.location, "F001", "the figure has no name; add `name: fig-…`")
    alt = options.get("alt", str, "a text", "").strip()
    if not alt and isinstance(options.located.value.get("alt"), str | None):
        message = "the figure has no alternative text; say in `alt:` what it shows"
        page.error(options.place("alt"), "F002", message)
    width = options.choice("width", WIDTHS, "text")
    return name, cast(Width, width), alt


def read_name(page: Page, options: Options) -> str:
    """The option `name`, empty if it is not given or not a plain name (F003)."""
    name = options.get("name", str, "a name such as fig-waves", "")
    if name and not NAME.fullmatch(name):
        message = f"'{name}' should be lower-case letters, digits and hyphens"
        page.error(options.place("name"), "F003", message)
        return ""
    return name


def _bind(options: Options) -> dict[str, str]:
    bind = {}
    for state, variable in options.mapping("bind").items():
        if isinstance(variable, str) and _VARIABLE.fullmatch(variable):
            bind[state] = variable
        else:
            options.wrong(f"bind.{state}", "the name of a page variable")
    return bind


def _claims(page: Page, options: Options) -> tuple[Claim, ...]:
    found = []
    texts: list[Any] = options.get("claims", list, "a list of comparisons", [])
    for index, text in enumerate(texts):
        where = options.located.values[f"claims.{index}"]
        if not isinstance(text, str):
            page.error(where, "F021", 'a claim should be a text such as "error < 0.02"')
            continue
        found.append(Claim(text, where))
    return tuple(found)


def _check_claims(page: Page, figures: list[Figure]) -> None:
    """Check that claims parse, and that figures of this article which they name exist."""
    names = {figure.name for figure in figures}
    for claim in (claim for figure in figures for claim in figure.claims):
        try:
            expression = claims.parse(claim.text)
        except claims.ClaimError as error:
            message = f"the claim does not parse: {error}"
            page.error(_shift(claim.location, error.column), "F021", message)
            continue
        for name in expression.names:
            here = name.figure and name.article in {"", page.slug}
            if here and name.figure not in names and not page.incomplete:
                message = f"the claim names an unknown figure '{name.figure}'"
                hint = nearest(name.figure, names)
                page.error(_shift(claim.location, name.column), "F023", message + hint)


def _shift(location: Location, column: int) -> Location:
    """The place of a column, from 1, of the text that begins at `location`."""
    return Location(location.path, location.line, location.column + column - 1)
