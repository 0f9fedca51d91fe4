"""From figures to steps: parameters validated, pictures read, upstream recipes followed.

Figures that ask for the same thing share a step, and so do recipes that need the same result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib import metadata
from typing import Any

from stillroom.diagnostics import Diagnostic, Diagnostics, Location, nearest
from stillroom.media.kinds import MEDIA_VERSION
from stillroom.precompute.catalogue import (
    BrokenRecipeError,
    Catalogue,
    Description,
    UnknownRecipeError,
)
from stillroom.precompute.inputs import MissingInputError, read_input
from stillroom.precompute.key import FORMAT_VERSION, key_of, sha256
from stillroom.precompute.manifest import Ingredients
from stillroom.precompute.step import Role, Step, Wanted
from stillroom.source.model import Article, Figure


class Graph:
    """The steps that figures need, by id; whether they are fresh is not known here.

    Args:
        catalogue: the recipes.
        diagnostics: takes what is wrong with figures.
        draft: ask for the cheap profile.
    """

    def __init__(self, catalogue: Catalogue, diagnostics: Diagnostics, *, draft: bool) -> None:
        self._catalogue = catalogue
        self._diagnostics = diagnostics
        self._draft = draft
        self._installed: dict[str, str] = {}
        self.steps: dict[str, Step] = {}
        self.wanted: list[Wanted] = []

    def upstreams(self) -> dict[str, list[str]]:
        """Return the ids of the upstreams of each step."""
        return {step.id: list(step.needs.values()) for step in self.steps.values()}

    def add_figure(self, article: Article, figure: Figure) -> None:
        """Add the steps that a figure needs, unless something is wrong with it."""
        before = dict(self.steps)
        step = None
        try:
            step = self._add(article, Role(article.slug, figure), figure.recipe, ())
        except UnknownRecipeError as error:
            if not self._perhaps_unreadable(figure.recipe, article.slug):
                self._diagnostics.error(figure.place("recipe"), "F012", str(error))
        except BrokenRecipeError as error:
            self._diagnostics.found.append(error.diagnostic)
        if step is None:
            self.steps = before  # without upstreams that only this figure needs
        else:
            view = figure.view or step.description.view
            self.wanted.append(Wanted(article.slug, figure, view, step.id))

    def _add(
        self, article: Article, role: Role, recipe: str, chain: tuple[str, ...]
    ) -> Step | None:
        """Add the step for `role` and its upstreams; None if something is wrong with it."""
        if recipe in chain:
            circle = " → ".join([*chain[chain.index(recipe) :], recipe])
            self._diagnostics.error(role.location, "F017", f"recipes need each other: {circle}")
            return None
        description = self._catalogue.describe(recipe, article.slug)
        values = self._values(article, role, description)
        needs: dict[str, str] | None = {}
        for name, upstream in description.upstreams.items():
            path = f"{role.path}.{name}" if role.path else name
            try:
                below = self._add(article, replace(role, path=path), upstream, (*chain, recipe))
            except UnknownRecipeError as error:
                message = f"parameter '{name}' of recipe '{recipe}': {error}"
                raise BrokenRecipeError(
                    Diagnostic(description.location, "F012", message)
                ) from error
            if below is None:
                needs = None
            elif needs is not None:
                needs[name] = below.id
        packages = self._packages(description)
        if values is None or needs is None or packages is None:
            return None
        params, inputs = values
        ingredients = Ingredients(
            format_version=FORMAT_VERSION,
            media_version=MEDIA_VERSION,
            recipe=recipe,
            params=params,
            # A seed belongs to the figure; a result that figures share is made with seed 0.
            seed=0 if role.path else role.figure.seed,
            draft=self._draft,
            source=description.source,
            packages=packages,
            inputs={name: sha256(content) for name, content in inputs.items()},
            needs=needs,
        )
        step_id = key_of(ingredients)
        known = self.steps.get(step_id)
        earlier = known.roles if known else ()
        roles = earlier if role in earlier else (*earlier, role)
        roles = tuple(sorted(roles, key=lambda each: bool(each.path)))
        self.steps[step_id] = Step(
            step_id, description, replace(ingredients, needs={}), inputs, needs, roles
        )
        return self.steps[step_id]

    def _perhaps_unreadable(self, recipe: str, slug: str) -> bool:
        """Whether a recipe that is not known may be in a module that cannot be read."""
        unread = any(
            each.code == "F018" and owner in {"", slug} for owner, each in self._catalogue.problems
        )
        return unread and not nearest(recipe, self._catalogue.names(slug))

    def _values(
        self, article: Article, role: Role, description: Description
    ) -> tuple[Mapping[str, Any], dict[str, bytes]] | None:
        """Parameters after defaults, and the pictures among them."""
        figure = role.figure
        params = _below(figure.params, role.path)
        drafts = _below(figure.draft, role.path)
        wrong = False
        for written, option in ((params, "params"), (drafts, "draft")):
            if not isinstance(written, Mapping):
                wrong = True
                self._diagnostics.error(
                    figure.place(f"{option}.{role.path}"),
                    "F014",
                    f"parameter '{role.path}' takes the parameters of recipe "
                    f"'{description.name}', not {written!r}",
                )
        if wrong:
            return None

        full = dict(params)
        draft = {**full, **description.draft, **drafts}
        checked = None
        # A draft that the author wrote is checked in every build, but its files only when used.
        for profile, asked in ((full, not self._draft), (draft, self._draft)):
            if not asked and not (profile is draft and drafts):
                continue
            own = {
                name: each for name, each in profile.items() if name not in description.upstreams
            }
            found = self._catalogue.check(description.name, own, article.slug)
            for problem in found.problems:
                name = problem.option.partition(".")[0]
                base = "draft" if profile is draft and name in drafts else "params"
                if not asked and base == "params":
                    continue
                option = ".".join(filter(None, [base, role.path, problem.option]))
                self._diagnostics.error(figure.place(option), problem.code, problem.message)
                wrong = True
            checked = found if asked else checked
        inputs = {}
        for name in checked.images if checked else ():
            try:
                inputs[name] = read_input(name, article.folder)
            except MissingInputError as error:
                place = _where(figure, role.path, name)
                self._diagnostics.error(place, "F016", str(error))
                wrong = True
        return None if wrong or checked is None else (checked.params, inputs)

    def _packages(self, description: Description) -> dict[str, str] | None:
        """Installed versions, without the part that names a build such as ``+cpu``."""
        found = {}
        for name in description.packages:
            try:
                if name not in self._installed:  # to look it up takes milliseconds
                    self._installed[name] = metadata.version(name).partition("+")[0]
                found[name] = self._installed[name]
            except metadata.PackageNotFoundError:
                self._diagnostics.error(
                    description.location,
                    "F018",
                    f"recipe '{description.name}' names the package '{name}', "
                    f"which is not installed: pip install {name}",
                )
                return None
        return found


def _below(written: Mapping[str, Any], path: str) -> Any:
    """The part of a figure's parameters that is for the upstream at `path`."""
    value: Any = written
    for name in filter(None, path.split(".")):
        value = value.get(name, {}) if isinstance(value, Mapping) else {}
    return value


def _where(figure: Figure, path: str, name: str) -> Location:
    """Where a picture is named: the innermost option whose value is or holds `name`."""
    for base, written in (("draft", figure.draft), ("params", figure.params)):
        below = _below(written, path)
        if isinstance(below, Mapping):
            for option in _options(below, name):
                return figure.place(".".join(filter(None, [base, path, option])))
    return figure.location


def _options(value: Any, name: str) -> Iterator[str]:
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list | tuple):
        items = enumerate(value)
    for key, each in items:
        if each == name:
            yield str(key)
        yield from (f"{key}.{option}" for option in _options(each, name))
