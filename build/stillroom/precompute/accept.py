"""Accept stored results after a refactor, so that code which computes the same costs no GPU week.

A result of the old source is given the key of the new source if the draft of the same figure, which
is cheap, comes out the same under both. Its provenance records from which key it was taken over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from stillroom.diagnostics import Diagnostics
from stillroom.precompute.agree import disagreements
from stillroom.precompute.catalogue import Catalogue
from stillroom.precompute.explain import differences
from stillroom.precompute.key import key_of
from stillroom.precompute.manifest import Ingredients, Manifest
from stillroom.precompute.plan import make_plan
from stillroom.precompute.progress import Reporter
from stillroom.precompute.run import now, run_plan
from stillroom.precompute.slots import Slot
from stillroom.precompute.step import Role, Step
from stillroom.precompute.store import Store
from stillroom.settings import Settings
from stillroom.source.model import Article

TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a stale step: accepted as `manifest`, or why not."""

    step: Step
    manifest: Manifest | None
    reason: str


def accept(
    articles: Sequence[Article],
    settings: Settings,
    diagnostics: Diagnostics,
    *,
    store: Store,
    report: Reporter,
    tolerance: float = TOLERANCE,
    jobs: int | None = None,
    device: str = "auto",
    slots: Sequence[Slot] = (),
) -> tuple[Verdict, ...]:
    """Take over the results of stale steps whose drafts agree under the old and the new source.

    Args:
        articles: whose figures.
        settings: the site's settings.
        diagnostics: takes what is wrong with figures.
        store: the results there are.
        report: is told as drafts are computed.
        tolerance: how far numbers of the drafts may be apart (`agree.disagreements`).
        jobs: as for `run_plan`, as are `device` and `slots`.
        device: where drafts are computed.
        slots: where drafts are computed, if not on this machine.

    Returns:
        A verdict on each step that is stale, upstreams first.
    """
    verdicts: dict[str, Verdict] = {}
    while True:
        plan = make_plan(
            articles, settings, diagnostics, catalogue=Catalogue(settings), store=store
        )
        waiting = [s for s in plan.steps if s.state == "stale" and s.id not in verdicts]
        if not waiting:
            return tuple(verdicts.values())
        figures = {(role.slug, role.figure.name) for step in waiting for role in step.roles}
        draft_plan = make_plan(
            articles,
            settings,
            Diagnostics(),  # what is wrong has been told above
            catalogue=Catalogue(settings),
            store=store,
            draft=True,
            figures=figures,
        )
        run_plan(
            draft_plan, settings, store=store, jobs=jobs, device=device, report=report, slots=slots
        )
        for step in waiting:
            twin = next(
                (each for each in draft_plan.steps if _same_role(each.roles, step.roles[0])), None
            )
            verdicts[step.id] = (
                _judge(step, twin, store, tolerance)
                if twin is not None
                else Verdict(step, None, "its draft is not a valid figure")
            )


def _same_role(roles: Sequence[Role], wanted: Role) -> bool:
    return any(
        (role.slug, role.figure.name, role.path) == (wanted.slug, wanted.figure.name, wanted.path)
        for role in roles
    )


def _judge(step: Step, twin: Step, store: Store, tolerance: float) -> Verdict:
    old = _latest(store, step.ingredients)
    if old is None:
        return Verdict(step, None, "no stored result differs from it in source alone")
    before = _latest(store, twin.ingredients, code=old.ingredients)
    if before is None:
        return Verdict(step, None, "there is no draft of the old source to compare with")
    drafts = store.manifests(step.recipe)
    after = next((m for m in drafts if _is_now(m.ingredients, twin.ingredients)), None)
    after = store.find(step.recipe, after.key).manifest if after else None
    if after is None:
        return Verdict(step, None, "its draft could not be computed")
    metas = tuple(
        {name: {"kind": a.kind, "meta": dict(a.meta)} for name, a in manifest.assets.items()}
        for manifest in (before, after)
    )
    found = next(
        disagreements(store.stored(before), store.stored(after), (metas[0], metas[1]), tolerance),
        "",
    )
    if found:
        return Verdict(step, None, f"the draft changed: {found}")
    note = {"key": old.key, "date": now(), "tolerance": tolerance, "draft": after.key}
    provenance = replace(old.provenance, accepted=(*old.provenance.accepted, note))
    manifest = replace(
        old,
        key=key_of(step.ingredients),
        ingredients=step.ingredients,
        provenance=provenance,
    )
    files = store.stored(old).files
    stored = store.write(manifest, store.result_json(old), files, force=False)
    return Verdict(
        step, stored, f"accepted: {'; '.join(differences(old.ingredients, step.ingredients))}"
    )


def _latest(store: Store, wanted: Ingredients, code: Ingredients | None = None) -> Manifest | None:
    """The newest sound result that differs from `wanted` in code alone, or that has this `code`."""
    found = [
        manifest
        for manifest in store.manifests(wanted.recipe)
        if _same_but_code(manifest.ingredients, wanted)
        and (_same_code(manifest.ingredients, code) if code else True)
        and not _same_code(manifest.ingredients, wanted)
    ]
    for manifest in sorted(found, key=lambda each: each.provenance.date, reverse=True):
        sound = store.find(wanted.recipe, manifest.key).manifest
        if sound is not None:
            return sound
    return None


def _same_but_code(one: Ingredients, other: Ingredients) -> bool:
    """Whether the same was asked for; the drafts of upstreams are judged by themselves."""
    needs = one.needs if one.draft else other.needs
    code = replace(
        one,
        source=other.source,
        packages=other.packages,
        format_version=other.format_version,
        media_version=other.media_version,
    )
    return key_of(replace(code, needs=needs)) == key_of(replace(other, needs=needs)) and (
        one.draft or one.needs == other.needs
    )


def _same_code(one: Ingredients, other: Ingredients) -> bool:
    return (one.source, one.packages, one.format_version, one.media_version) == (
        other.source,
        other.packages,
        other.format_version,
        other.media_version,
    )


def _is_now(one: Ingredients, wanted: Ingredients) -> bool:
    return _same_but_code(one, wanted) and _same_code(one, wanted)
