"""Jinja: one environment a site, and what went wrong in which line of which template."""

from __future__ import annotations

import datetime
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemBytecodeCache,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)

from stillroom.diagnostics import Location
from stillroom.render.scale import number, scale
from stillroom.settings import Settings
from stillroom.words import size


class ViewError(Exception):
    """A view's template says, by ``fail(message)``, that it cannot show a result."""


def make_environment(settings: Settings, views: Path | None = None) -> Environment:
    """Templates of the site, then those that travel with Stillroom.

    Args:
        settings: where the template folders are.
        views: a folder of views that comes before them: an article's own.
    """
    loader: BaseLoader = FileSystemLoader([str(folder) for folder in settings.templates])
    if views is not None:
        loader = ChoiceLoader([PrefixLoader({"views": FileSystemLoader(str(views))}), loader])
    # Compiling the templates of a page takes longer than filling them.
    compiled = settings.scratch / "templates" / version("jinja2")
    compiled.mkdir(parents=True, exist_ok=True)
    environment = Environment(
        loader=loader,
        bytecode_cache=FileSystemBytecodeCache(str(compiled)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["fail"] = _fail
    environment.globals["scale"] = scale
    environment.globals["number"] = number
    environment.filters["date"] = date
    environment.filters["size"] = size
    return environment


def date(value: datetime.date) -> str:
    """A date as a reader writes it: 21 November 2026."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def template_place(error: Exception, settings: Settings) -> tuple[Location, str]:
    """Where in which template `error` arose, and what it says.

    A template of the site is named by its path in the site; a built-in one as ``templates/…``.
    """
    if isinstance(error, TemplateSyntaxError):
        name = error.filename or error.name or "templates"
        return Location(_shown(name, settings), error.lineno), error.message or "syntax error"
    if isinstance(error, TemplateNotFound):
        message = f"template '{error.name}' is missing"
    elif isinstance(error, TemplateError):
        message = error.message or type(error).__name__
    else:
        message = f"{type(error).__name__}: {error}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.endswith(".html"):
            return Location(_shown(frame.filename, settings), frame.lineno or 1), message
    return Location("templates"), message


def _shown(filename: str, settings: Settings) -> str:
    path = Path(filename)
    for folder, shown in [
        (settings.root, ""),
        *((each, "templates/") for each in settings.templates),
    ]:
        if path.is_relative_to(folder):
            return shown + path.relative_to(folder).as_posix()
    return path.name


def _fail(message: str) -> NoReturn:
    raise ViewError(message)


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
