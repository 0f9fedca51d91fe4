"""The plan: the steps a build needs, each fresh or stale, and why.

A step is one run of a recipe. Figures that ask for the same thing share a step, and so do recipes
that need the same upstream result. A step whose upstream must run first is *waiting*: its key holds
the digest of the upstream's output, so that an upstream run that changes nothing stops there.
"""

from __future__ import annotations

import graphlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from typing import Any, Literal

from stillroom.diagnostics import Diagnostics, Location
from stillroom.media.kinds import MEDIA_VERSION
from stillroom.precompute.catalogue import (
    BrokenRecipeError,
    Catalogue,
    Description,
    UnknownRecipeError,
)
from stillroom.precompute.explain import differences
from stillroom.precompute.inputs import MissingInputError, read_input
from stillroom.precompute.key import FORMAT_VERSION, key_of, sha256
from stillroom.precompute.manifest import Ingredients, Manifest
from stillroom.precompute.memory import Memory, Remembered
from stillroom.precompute.store import Store
from stillroom.settings import Settings
from stillroom.source.model import Article, Figure

State = Literal["fresh", "stale", "waiting"]


@dataclass(frozen=True, slots=True)
class Role:
    """What a step is for: a figure, or (with `path`) the upstream result for one of its parameters.

    `path` is the parameter, e.g. ``net`` or ``net.data``.
    """

    slug: str
    figure: Figure
    path: str = ""

    @property
    def location(self) -> Location:
        """Where the author asked for it."""
        return self.figure.place(f"params.{self.path}" if self.path else "")

    def __str__(self) -> str:
        return f"{self.slug}#{self.figure.name}" + (f" ({self.path})" if self.path else "")


@dataclass(frozen=True, slots=True)
class Step:
    """One run of a recipe.

    Attributes:
        id: the same in each plan that asks for the same thing.
        description: the recipe.
        ingredients: what the key is made of; of `needs` only if all upstreams are fresh.
        inputs: the content of its pictures, by name.
        needs: the id of the upstream step, by parameter.
        roles: what it is for; figures that show it first.
        state: fresh, stale, or waiting for an upstream.
        reasons: why it is not fresh, in words.
        manifest: the stored result of a fresh step.
        forced: run it even if the result is there.
        expected: seconds it took the last time, or None.
    """

    id: str
    description: Description
    ingredients: Ingredients
    inputs: Mapping[str, bytes] = field(repr=False)
    needs: Mapping[str, str]
    roles: tuple[Role, ...]
    state: State = "stale"
    reasons: tuple[str, ...] = ()
    manifest: Manifest | None = None
    forced: bool = False
    expected: float | None = None

    @property
    def recipe(self) -> str:
        """The recipe's name."""
        return self.description.name

    @property
    def params(self) -> Mapping[str, Any]:
        """Parameters after defaults."""
        return self.ingredients.params

    @property
    def figures(self) -> tuple[tuple[str, str], ...]:
        """Slug and name of the figures that show its result."""
        return tuple((role.slug, role.figure.name) for role in self.roles if not role.path)

    @property
    def label(self) -> str:
        """A short name for people: its figures and its recipe."""
        names = list(dict.fromkeys(role.figure.name for role in self.roles))
        shown = ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")
        return f"{shown} · {self.recipe}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A figure of the plan: the step that makes it, and the view that shows it."""

    slug: str
    figure: Figure
    view: str
    step: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a build, upstreams before what needs them."""

    steps: tuple[Step, ...]
    wanted: tuple[Wanted, ...]
    draft: bool

    @property
    def stale(self) -> tuple[Step, ...]:
        """The steps that are not fresh."""
        return tuple(step for step in self.steps if step.state != "fresh")


def make_plan(
    articles: Sequence[Article],
    settings: Settings,
    diagnostics: Diagnostics,
    *,
    catalogue: Catalogue,
    store: Store,
    draft: bool = False,
    force: bool = False,
    figures: Collection[tuple[str, str]] = (),
) -> Plan:
    """Plan what the figures of `articles` need.

    Args:
        articles: what to plan for.
        settings: the site's settings.
        diagnostics: takes what is wrong with figures; these are left out of the plan.
        catalogue: the recipes.
        store: the results there are.
        draft: plan the cheap profile.
        force: plan to run steps even if they are fresh: all, or those that `figures` show.
        figures: plan only for these (slug, name); empty: for all.
    """
    slugs = {"", *(article.slug for article in articles)}
    diagnostics.found += [each for slug, each in catalogue.problems if slug in slugs]
    nodes = _Nodes(catalogue, diagnostics, draft=draft)
    for article in articles:
        for figure in article.figures:
            if not figures or (article.slug, figure.name) in figures:
                nodes.add_figure(article, figure)
    catalogue.save()

    memory = Memory(settings)
    steps: dict[str, Step] = {}
    for step_id in graphlib.TopologicalSorter(nodes.graph()).static_order():
        step = nodes.steps[step_id]
        step = replace(step, forced=force and (not figures or bool(step.figures)))
        steps[step_id] = _judge(step, steps, store, memory)
    ready = _explain(steps, store, memory)
    for step in ready:
        if step.manifest is not None:
            remember(memory, step, step.manifest)
    memory.save()
    return Plan(ready, tuple(nodes.wanted), draft)


def remember(memory: Memory, step: Step, manifest: Manifest) -> None:
    """Note that `manifest` is now the result of `step`."""
    for role in step.roles:
        memory.put(_name(role, draft=step.ingredients.draft), manifest)


class _Nodes:
    """Steps by id while figures are added, their states yet unknown."""

    def __init__(self, catalogue: Catalogue, diagnostics: Diagnostics, *, draft: bool) -> None:
        self._catalogue = catalogue
        self._diagnostics = diagnostics
        self._draft = draft
        self.steps: dict[str, Step] = {}
        self.wanted: list[Wanted] = []

    def graph(self) -> dict[str, list[str]]:
        """The ids of the upstreams of each step."""
        return {step.id: list(step.needs.values()) for step in self.steps.values()}

    def add_figure(self, article: Article, figure: Figure) -> None:
        try:
            step = self._add(article, Role(article.slug, figure), figure.recipe, ())
        except UnknownRecipeError as error:
            self._diagnostics.error(figure.place("recipe"), "F012", str(error))
            return
        except BrokenRecipeError as error:
            self._diagnostics.found.append(error.diagnostic)
            return
        if step is not None:
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
            below = self._add(article, replace(role, path=path), upstream, (*chain, recipe))
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
                found[name] = metadata.version(name).partition("+")[0]
            except metadata.PackageNotFoundError:
                self._diagnostics.error(
                    description.location,
                    "F018",
                    f"recipe '{description.name}' names the package '{name}', "
                    f"which is not installed: pip install {name}",
                )
                return None
        return found


def _judge(step: Step, steps: Mapping[str, Step], store: Store, memory: Memory) -> Step:
    """Find out whether a step is fresh; the steps it needs have been judged."""
    remembered = _remembered(step, memory)
    step = replace(step, expected=remembered.seconds if remembered else None)
    late = [steps[need] for need in step.needs.values() if steps[need].manifest is None]
    if late:
        names = ", ".join(dict.fromkeys(each.recipe for each in late))
        reasons = ("forced", f"waits for {names}") if step.forced else (f"waits for {names}",)
        return replace(step, state="waiting", reasons=reasons)
    outputs = {
        name: manifest.output
        for name, need in step.needs.items()
        if (manifest := steps[need].manifest) is not None
    }
    step = replace(step, ingredients=replace(step.ingredients, needs=outputs))
    found = store.find(step.recipe, key_of(step.ingredients))
    if found.manifest is not None:
        expected = found.manifest.provenance.seconds
        if step.forced:
            return replace(step, reasons=("forced",), expected=expected)
        return replace(step, state="fresh", manifest=found.manifest, expected=expected)
    if found.damaged:
        return replace(step, reasons=(f"damaged: {', '.join(found.damaged)}",))
    return step


def _explain(steps: Mapping[str, Step], store: Store, memory: Memory) -> tuple[Step, ...]:
    """Fill in the reasons of steps that are not fresh."""
    taken = {step.manifest.key for step in steps.values() if step.manifest is not None}
    taken |= set(memory.keys().values())
    explained = []
    for step in steps.values():
        if step.state == "fresh" or (step.state == "stale" and step.reasons):
            explained.append(step)
            continue
        old = _remembered(step, memory)
        before = old.ingredients if old else None
        if before is None:
            near = _nearest(step, store, taken)
            before = near.ingredients if near else None
            expected = near.provenance.seconds if near else None
            step = replace(step, expected=expected)  # noqa: PLW2901
        if before is None:
            reasons: tuple[str, ...] = ("never computed",)
        else:
            reasons = differences(before, step.ingredients)
            if not reasons and step.state == "stale":
                reasons = ("its stored result is gone",)
        explained.append(replace(step, reasons=(*reasons, *step.reasons)))
    return tuple(explained)


def _nearest(step: Step, store: Store, taken: Collection[str]) -> Manifest | None:
    """The stored result of the recipe that differs least and belongs to no other figure."""
    others = [
        manifest
        for manifest in store.manifests(step.recipe)
        if manifest.key not in taken and manifest.ingredients.draft == step.ingredients.draft
    ]
    return min(
        others,
        key=lambda each: (len(differences(each.ingredients, step.ingredients)), each.key),
        default=None,
    )


def _remembered(step: Step, memory: Memory) -> Remembered | None:
    for role in step.roles:
        found = memory.get(_name(role, draft=step.ingredients.draft))
        if found is not None:
            return found
    return None


def _name(role: Role, *, draft: bool) -> str:
    return f"{role}{' draft' if draft else ''}"


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
