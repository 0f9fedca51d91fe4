"""The plan: the steps a build needs, each fresh or stale, and why.

A step whose upstream must run first is *waiting*: its key holds the digest of the upstream's
output, so that an upstream run that changes nothing stops there.
"""

from __future__ import annotations

import graphlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from stillroom.diagnostics import Diagnostics
from stillroom.precompute.catalogue import Catalogue
from stillroom.precompute.explain import differences
from stillroom.precompute.graph import Graph
from stillroom.precompute.key import key_of
from stillroom.precompute.manifest import Manifest
from stillroom.precompute.memory import Memory, Remembered
from stillroom.precompute.step import Plan, Role, Step, Wanted
from stillroom.precompute.store import Store
from stillroom.settings import Settings
from stillroom.source.model import Article

__all__ = ["Plan", "Role", "Step", "Wanted", "make_plan", "remember"]


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
    graph = Graph(catalogue, diagnostics, draft=draft)
    for article in articles:
        for figure in article.figures:
            if not figures or (article.slug, figure.name) in figures:
                graph.add_figure(article, figure)
    catalogue.save()

    memory = Memory(settings)
    steps: dict[str, Step] = {}
    for step_id in graphlib.TopologicalSorter(graph.upstreams()).static_order():
        step = graph.steps[step_id]
        step = replace(step, forced=force and (not figures or bool(step.figures)))
        steps[step_id] = _judge(step, steps, store, memory)
    ready = _explain(steps, store, memory)
    for step in ready:
        if step.manifest is not None:
            remember(memory, step, step.manifest)
    memory.save()
    return Plan(ready, tuple(graph.wanted), draft)


def remember(memory: Memory, step: Step, manifest: Manifest) -> None:
    """Note that `manifest` is now the result of `step`."""
    for role in step.roles:
        memory.put(_name(role, draft=step.ingredients.draft), manifest)


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
