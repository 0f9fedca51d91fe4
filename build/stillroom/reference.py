"""The reference of recipes, from their signatures and docstrings: for a terminal and for docs/."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from stillroom.diagnostics import Diagnostics, StillroomError, nearest

if TYPE_CHECKING:
    from stillroom.precompute.catalogue import Catalogue, Description
    from stillroom.precompute.parameters import Parameter

_SECTION = re.compile(r"^(\w+):$", re.MULTILINE)


def find_all(
    catalogue: Catalogue, slugs: Iterable[str], diagnostics: Diagnostics
) -> Iterator[tuple[str, Description]]:
    """Yield each recipe that can be used with the article it belongs to ("": all).

    Those that cannot are in `diagnostics` (F018, F019).
    """
    from stillroom.precompute.catalogue import BrokenRecipeError

    diagnostics.found += [problem for _, problem in catalogue.problems]
    shared = catalogue.names()
    owned = [(slug, name) for slug in slugs for name in catalogue.names(slug) if name not in shared]
    for slug, name in [*(("", name) for name in shared), *owned]:
        try:
            yield slug, catalogue.describe(name, slug)
        except BrokenRecipeError as error:
            diagnostics.found.append(error.diagnostic)


def find_one(catalogue: Catalogue, slugs: Iterable[str], name: str) -> tuple[str, Description]:
    """Return the recipe `name`, shared or of one of the articles.

    Raises:
        StillroomError: there is none, or its module cannot be used.
    """
    names = {slug: catalogue.names(slug) for slug in ("", *slugs)}
    for slug, known in names.items():
        if name in known:
            return slug, catalogue.describe(name, slug)
    near = nearest(name, {each for known in names.values() for each in known})
    raise StillroomError(f"unknown recipe '{name}'{near}", hint="stillroom recipes lists them all")


def as_table(found: Iterable[tuple[str, Description]]) -> str:
    """A line a recipe: its name and what it does."""
    rows = [
        (described.name, described.summary + (f" (of {slug})" if slug else ""))
        for slug, described in found
    ]
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join(f"{name:{width}}  {summary}" for name, summary in rows)


def as_text(described: Description) -> str:
    """All there is to know about a recipe, for a terminal."""
    body, sections = split(described.doc)
    parts = [
        f"{described.name}: view {described.view}, {described.cost} on a CPU",
        f"({described.location})",
        "",
        body,
        "",
        "Parameters" if described.parameters else "No parameters",
    ]
    width = max((len(each.name) for each in described.parameters), default=0)
    for each in described.parameters:
        parts.append(f"  {each.name:{width}}  {each.type}, {_default(each)}")
        parts += textwrap.wrap(
            each.doc, 92, initial_indent=" " * (width + 4), subsequent_indent=" " * (width + 4)
        )
    for title, text in sections.items():
        parts += ["", title, textwrap.indent(text, "  ")]
    if described.draft:
        parts += ["", f"In a draft: {_assignments(described.draft)}"]
    parts += ["", "In an article:", "", textwrap.indent(example(described), "  ")]
    return "\n".join(parts)


def as_markdown(found: Iterable[tuple[str, Description]]) -> str:
    """The reference page of all recipes."""
    parts = [
        "# Recipes",
        "",
        "What figures can show. This page is made from the recipes' signatures and docstrings by"
        " `scripts/docs`; `stillroom recipes NAME` shows the same for one of them.",
    ]
    for _, described in found:
        body, sections = split(described.doc)
        parts += [
            "",
            f"## {described.name}",
            "",
            body,
            "",
            f"View: `{described.view}`. Time on a CPU: {described.cost}."
            + (f" In a draft: `{_assignments(described.draft)}`." if described.draft else ""),
            "",
        ]
        if described.parameters:
            parts += ["| parameter | type | default | |", "|---|---|---|---|"]
        parts += [
            f"| `{each.name}` | {_cell(each.type)} | "
            + ("" if each.required or each.upstream else f"`{_cell(_json(each.default))}`")
            + f" | {_cell(each.doc)} |"
            for each in described.parameters
        ]
        for title, text in sections.items():
            parts += ["", f"**{title}.** {text}"]
        parts += ["", textwrap.indent(example(described), "    ")]
    return "\n".join(parts) + "\n"


def layers_table(network: str) -> str:
    """A line a layer of a network: its name, units, positions and receptive field.

    Raises:
        StillroomError: no such network, or what it needs is not installed.
    """
    from stillroom.models.vision import load_model
    from stillroom.recipes.features.receptive_field import receptive_fields

    model = load_model(network)
    rows = [("layer", "units", "positions", "sees", "every")]
    for name, (shape, field) in receptive_fields(model, model.size).items():
        sees = (f"{field.size} px", f"{field.stride} px") if field.stride else ("all", "")
        rows.append((name, str(shape[0]), " × ".join(map(str, shape[1:])), *sees))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    side = f"{model.size} × {model.size}"
    return "\n".join([f"{network}, for a picture of {side} pixels:", "", *table])


def example(described: Description) -> str:
    """A figure that uses the recipe, with what it cannot do without."""
    needed = ", ".join(f"{each.name}: …" for each in described.parameters if each.required)
    params = [f"params: {{{needed}}}"] if needed else []
    return "\n".join(
        [
            f":::{{figure}} {described.name}",
            "---",
            f"name: fig-{described.name}",
            "alt: What the picture shows.",
            *params,
            "---",
            "What to see in it.",
            ":::",
        ]
    )


def split(doc: str) -> tuple[str, dict[str, str]]:
    """Split a docstring into its text and its sections, without the one on arguments."""
    body, *rest = _SECTION.split(doc)
    sections = {
        title: textwrap.dedent(text.strip("\n")).strip()
        for title, text in zip(rest[::2], rest[1::2], strict=True)
    }
    return body.strip(), {title: text for title, text in sections.items() if title != "Args"}


def _default(parameter: Parameter) -> str:
    if parameter.upstream:
        return f"the parameters of {parameter.upstream}"
    return "needed" if parameter.required else f"default {_json(parameter.default)}"


def _assignments(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name}: {_json(value)}" for name, value in values.items())


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
