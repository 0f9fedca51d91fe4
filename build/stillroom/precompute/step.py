"""The data of a plan: steps, what they are for, and how they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from stillroom.diagnostics import Location
from stillroom.precompute.catalogue import Description
from stillroom.precompute.manifest import Ingredients, Manifest
from stillroom.source.model import Figure

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
