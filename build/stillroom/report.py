"""Plans and results as lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stillroom.words import duration, size

if TYPE_CHECKING:
    from stillroom.precompute.manifest import FigureResult, Manifest
    from stillroom.precompute.plan import Plan, Step


def status_lines(plan: Plan) -> Iterator[str]:
    """A line a figure, by article; a line for each result that several of them need; a sum."""
    steps = {step.id: step for step in plan.steps}
    rows: dict[str, list[tuple[str, Step]]] = {}
    for wanted in plan.wanted:
        rows.setdefault(wanted.slug, []).append((wanted.figure.name, steps[wanted.step]))
    behind = [(step.recipe, step) for step in plan.steps if not step.figures]
    if behind:
        rows["needed by figures"] = behind
    width = max((len(name) for found in rows.values() for name, _ in found), default=0)
    for heading, found in rows.items():
        yield heading
        for name, step in found:
            yield f"  {name:{width}}  {state_of(step):7}  {_detail(step)}"
    yield _sum(plan)


def state_of(step: Step) -> str:
    """``frozen``, ``fresh``, ``stale`` or ``waiting``."""
    return "frozen" if step.manifest is not None and step.manifest.frozen else step.state


def result_lines(result: FigureResult) -> Iterator[str]:
    """The facts of a figure, and how it was made."""
    manifest = result.manifest
    yield f"{result.slug}/{result.figure.name}: {_made(manifest)}, in assets/{manifest.folder}"
    width = max(map(len, manifest.facts), default=0)
    for name, value in manifest.facts.items():
        yield f"  {name:{width}}  {format(value, '.7g') if isinstance(value, float) else value}"


def _detail(step: Step) -> str:
    if step.manifest is not None:
        return f"{step.recipe}, {_made(step.manifest)}"
    took = f" (took {duration(step.expected)})" if step.expected is not None else ""
    return f"{step.recipe}: {'; '.join(step.reasons)}{took}"


def _sum(plan: Plan) -> str:
    states = [state_of(step) for step in plan.steps]
    kinds = [kind for kind in ("frozen", "fresh", "stale", "waiting") if kind in states]
    text = ", ".join(f"{states.count(kind)} {kind}" for kind in kinds) or "no figures with recipes"
    known = [step.expected for step in plan.stale if step.expected is not None]
    return text + (f"; about {duration(sum(known))} to compute" if known else "")


def size_of(manifest: Manifest) -> int:
    """Bytes of all files of a result."""
    return sum(file.size for asset in manifest.assets.values() for file in asset.files.values())


def _made(manifest: Manifest) -> str:
    provenance = manifest.provenance
    taken = f", {size(number)}" if (number := size_of(manifest)) else ""
    return f"{duration(provenance.seconds)} on {provenance.device}{taken}"
