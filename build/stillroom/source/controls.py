"""Roles: facts, verdicts, sliders and pickers that set a page variable, values that show one.

{fact}`figure.fact .2f`                      a fact, with a format
{fact}`figure.table.column[variable] .1%`    a number from a table, chosen by a variable
{fact}`article/figure.fact`                  either, of a figure of another article
{verdict}`figure.fact > article/figure.fact` whether a comparison holds: yes or no
{slider}`variable min=0 max=1 step=0.1 value=0.5 label="a text"`
{slider}`variable values=1|10|100 value=10`
{picker}`variable values=cat|coffee value=cat`
{value}`variable`
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from markdown_it.token import Token

from stillroom.diagnostics import nearest
from stillroom.source import claims
from stillroom.source.model import Control, FactUse, Figure, Verdict
from stillroom.source.page import NAME, Page, inside

_FIGURE = rf"(?:(?P<article>{NAME.pattern})/)?(?P<figure>{NAME.pattern})"
_FORMAT = r"(?:\s+(?P<format>\S+))?"
_FACT = re.compile(rf"\s*{_FIGURE}\.(?P<fact>[A-Za-z_]\w*){_FORMAT}\s*")
_LOOKUP = re.compile(
    rf"\s*{_FIGURE}\.(?P<table>[A-Za-z_]\w*)\.(?P<column>[A-Za-z_]\w*)"
    rf"\[\s*(?P<variable>[A-Za-z_]\w*)\s*\]{_FORMAT}\s*"
)
_SPECIFICATION = re.compile(r"\+?,?(?:\.\d{1,2})?[eEfgd%]?")
_VARIABLE = re.compile(r"\s*([A-Za-z_]\w*)\s*")
_SETTING = re.compile(r"\s*([A-Za-z_]\w*)=(\"[^\"]*\"|'[^']*'|[^\s\"']+)(?=\s|$)")
_MOST_VALUES = 10_000


class RoleError(Exception):
    """The content of a role cannot be read; `offset` counts its characters from 0."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


def read_roles(
    page: Page, figures: Sequence[Figure]
) -> tuple[tuple[Control, ...], tuple[FactUse, ...], tuple[Verdict, ...]]:
    """Read all roles of a page: M006, M007, X003, X006, X007.

    Sets ``meta["use"]``, ``meta["verdict"]``, ``meta["control"]`` or ``meta["variable"]`` of their
    tokens.
    """
    tokens = [token for token in page.walk() if token.type == "role"]
    for token in tokens:
        reader = ROLES.get(token.meta["name"])
        if reader is None:
            name = token.meta["name"]
            page.error(page.start(token), "M006", f"unknown role '{name}'{nearest(name, ROLES)}")
            continue
        try:
            reader(page, token)
        except RoleError as error:
            where = inside(token, token.meta["offset"] + error.offset)
            page.error(where, "M007", f"{token.meta['name']}: {error}")
    controls = [token.meta["control"] for token in tokens if "control" in token.meta]
    uses = [token.meta["use"] for token in tokens if "use" in token.meta]
    verdicts = [token.meta["verdict"] for token in tokens if "verdict" in token.meta]
    _check_variables(page, tokens, controls, figures)
    _check_figures(page, uses, verdicts, figures)
    return tuple(controls), tuple(uses), tuple(verdicts)


def _check_variables(
    page: Page, tokens: Iterable[Token], controls: Iterable[Control], figures: Iterable[Figure]
) -> None:
    declared: dict[str, Control] = {}
    for control in controls:
        if control.name in declared:
            first = declared[control.name].location.line
            message = f"the variable '{control.name}' is already set by a control on line {first}"
            page.error(control.location, "X007", message)
        declared.setdefault(control.name, control)
    wanted = [
        (figure.place(f"bind.{state}"), variable)
        for figure in figures
        for state, variable in figure.bind.items()
    ]
    for token in tokens:
        variable = token.meta.get("variable", "")
        if "use" in token.meta:
            variable = token.meta["use"].variable
        if variable:
            wanted.append((page.start(token), variable))
    for where, variable in wanted:
        if variable not in declared:
            message = f"no slider or picker sets '{variable}'{nearest(variable, declared)}"
            page.error(where, "X006", message)


def _check_figures(
    page: Page,
    uses: Iterable[FactUse],
    verdicts: Iterable[Verdict],
    figures: Iterable[Figure],
) -> None:
    """Check the figures of this article that are quoted; those of others: `across`."""
    names = {figure.name for figure in figures}
    quoted = [(use.figure, use.location) for use in uses if use.article == page.slug]
    quoted += [
        (name.figure, verdict.location)
        for verdict in verdicts
        for name in claims.parse(verdict.text).names
        if name.article in {"", page.slug}
    ]
    for figure, where in quoted:
        if figure not in names and not page.incomplete:
            message = f"no figure with a recipe is named '{figure}'{nearest(figure, names)}"
            page.error(where, "X003", message)


def _fact(page: Page, token: Token) -> None:
    found = _FACT.fullmatch(token.content) or _LOOKUP.fullmatch(token.content)
    if found is None:
        raise RoleError(
            "should be figure.fact or figure.table.column[variable], perhaps with a format"
        )
    parts = {name: part or "" for name, part in found.groupdict().items()}
    parts["article"] = parts["article"] or page.slug
    if not _SPECIFICATION.fullmatch(parts["format"]):
        message = f"'{parts['format']}' is not a format such as .2f, .1% or ,d"
        raise RoleError(message, found.start("format"))
    token.meta["use"] = FactUse(location=page.start(token), **parts)


def _verdict(page: Page, token: Token) -> None:
    try:
        expression = claims.parse(token.content)
    except claims.ClaimError as error:
        raise RoleError(str(error), error.column - 1) from error
    if not expression.names:
        raise RoleError("should use a fact: figure.fact > 0.5")
    for name in expression.names:
        if not name.figure:
            raise RoleError(f"'{name}' should say its figure: figure.{name}", name.column - 1)
    token.meta["verdict"] = Verdict(token.content.strip(), page.start(token), page.slug)


def _value(_page: Page, token: Token) -> None:
    found = _VARIABLE.fullmatch(token.content)
    if found is None:
        raise RoleError("should be the name of a page variable")
    token.meta["variable"] = found[1]


def _slider(page: Page, token: Token) -> None:
    name, settings = _settings(
        token.content, ("min", "max", "step", "values", "value", "label"), "a slider"
    )
    if "values" in settings:
        if extra := sorted({"min", "max", "step"} & settings.keys()):
            offset = settings[extra[0]][1]
            raise RoleError(f"'values' and '{extra[0]}' exclude each other", offset)
        values = [_number(text, settings["values"][1]) for text in settings["values"][0].split("|")]
    else:
        values = _steps(settings)
    if sorted(set(values)) != values:
        raise RoleError("the values should rise", settings["values"][1])
    initial = _number(*settings["value"]) if "value" in settings else values[0]
    if initial not in values:
        close = min(values, key=lambda value: abs(value - initial))
        message = f"value={initial} is not one of the values; the nearest is {close}"
        raise RoleError(message, settings["value"][1])
    label = settings.get("label", (name, 0))[0]
    where = page.start(token)
    token.meta["control"] = Control(name, "slider", tuple(values), initial, label, where)


def _picker(page: Page, token: Token) -> None:
    name, settings = _settings(token.content, ("values", "value", "label"), "a picker")
    if "values" not in settings:
        raise RoleError("'values' is missing: values=cat|coffee")
    text, offset = settings["values"]
    values = tuple(text.split("|"))
    if "" in values or len(set(values)) < len(values):
        raise RoleError("the values should be different words between |", offset)
    initial, offset = settings.get("value", (values[0], 0))
    if initial not in values:
        hint = nearest(initial, values)
        raise RoleError(f"value={initial} is not one of the values{hint}", offset)
    label = settings.get("label", (name, 0))[0]
    token.meta["control"] = Control(name, "picker", values, initial, label, page.start(token))


def _settings(
    content: str, known: Sequence[str], kind: str
) -> tuple[str, dict[str, tuple[str, int]]]:
    """The variable, and each setting's text and offset."""
    variable = _VARIABLE.match(content)
    if variable is None:
        raise RoleError(f"{kind} should begin with the name of a page variable")
    settings: dict[str, tuple[str, int]] = {}
    position = variable.end()
    while content[position:].strip():
        found = _SETTING.match(content, position)
        if found is None:
            rest = content[position:].lstrip()
            offset = len(content) - len(rest)
            raise RoleError(f"'{rest[:20]}' should be name=value", offset)
        name, offset = found[1], found.start(1)
        if name not in known:
            hint = nearest(name, known) or f"; it has {', '.join(known)}"
            raise RoleError(f"{kind} has no '{name}'{hint}", offset)
        if name in settings:
            raise RoleError(f"'{name}' is given twice", offset)
        settings[name] = (found[2].strip("\"'"), found.start(2))
        position = found.end()
    return variable[1], settings


def _number(text: str, offset: int) -> float:
    try:
        number = int(text)
    except ValueError:
        try:
            return _finite(float(text))
        except ValueError as error:
            raise RoleError(f"'{text[:20]}' is not a number", offset) from error
    return number


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number


def _steps(settings: Mapping[str, tuple[str, int]]) -> list[float]:
    """The values from min to max by step, without the noise of repeated addition."""
    for name in ("min", "max", "step"):
        if name not in settings:
            raise RoleError(f"'{name}' is missing: min=0 max=1 step=0.1, or values=1|10|100")
    low, high, step = (_number(*settings[name]) for name in ("min", "max", "step"))
    if step <= 0 or high <= low:
        raise RoleError("'step' should be above 0 and 'max' above 'min'", settings["step"][1])
    if (high - low) / step > _MOST_VALUES:
        raise RoleError(f"there are more than {_MOST_VALUES} values", settings["step"][1])
    count = int((high - low) / step + 1e-6) + 1
    digits = max(_decimals(settings[name][0]) for name in ("min", "step"))
    values = [round(low + index * step, digits) for index in range(count)]
    whole = isinstance(low, int) and isinstance(step, int)
    return [int(value) for value in values] if whole else values


def _decimals(text: str) -> int:
    """Decimal places of a number as written; generous when it has an exponent."""
    return 15 if "e" in text.lower() else len(text.partition(".")[2])


ROLES: Mapping[str, Callable[[Page, Token], None]] = {
    "fact": _fact,
    "verdict": _verdict,
    "slider": _slider,
    "picker": _picker,
    "value": _value,
}
